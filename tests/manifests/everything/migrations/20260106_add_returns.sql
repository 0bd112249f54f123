-- Orders can be returned: what earlier migrations made is changed, and stays as it is when those are rerun.
ALTER TYPE order_status ADD VALUE IF NOT EXISTS 'returned' AFTER 'shipped';
ALTER TABLE orders ADD COLUMN IF NOT EXISTS returned_at timestamp with time zone;
ALTER TABLE documents ALTER COLUMN title SET DEFAULT 'untitled';
ALTER TABLE vault.secrets ADD COLUMN IF NOT EXISTS rotated_at date;
CREATE INDEX IF NOT EXISTS orders_returned ON orders (returned_at) WHERE returned_at IS NOT NULL;

CREATE OR REPLACE VIEW returned_orders AS SELECT id, returned_at FROM orders WHERE returned_at IS NOT NULL;
GRANT SELECT ON returned_orders TO everything_reader;
DROP POLICY IF EXISTS customers_returning ON customers;
CREATE POLICY customers_returning ON customers FOR DELETE TO everything_writer USING (false);

DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_constraint WHERE contypid = 'amount'::regtype AND conname = 'amount_not_huge'
  ) THEN
    ALTER DOMAIN amount ADD CONSTRAINT amount_not_huge CHECK (VALUE < 1000000);
  END IF;
END
$$;
