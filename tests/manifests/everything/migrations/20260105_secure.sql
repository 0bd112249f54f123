-- Who sees which rows, and who may do what. The roles everything_reader and everything_writer are the cluster's.
-- Safe to rerun: policies are made anew, privileges granted once more.
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault.secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS customers_seen ON customers;
CREATE POLICY customers_seen ON customers FOR SELECT TO everything_reader, everything_writer USING (true);
DROP POLICY IF EXISTS customers_written ON customers;
CREATE POLICY customers_written ON customers TO everything_writer USING (id > 0) WITH CHECK (mail LIKE '%@%');
DROP POLICY IF EXISTS customers_not_hidden ON customers;
CREATE POLICY customers_not_hidden ON customers AS RESTRICTIVE USING (NOT 'hidden' = ANY (tags));
DROP POLICY IF EXISTS secrets_of_owner ON vault.secrets;
CREATE POLICY secrets_of_owner ON vault.secrets USING (owner = CURRENT_USER);

GRANT SELECT ON customers, orders, open_orders TO everything_reader;
GRANT SELECT, INSERT, UPDATE ON customers, orders TO everything_writer;
GRANT DELETE ON orders TO everything_writer WITH GRANT OPTION;
GRANT SELECT (line, quantity), UPDATE (quantity) ON order_lines TO everything_writer;
GRANT USAGE ON SEQUENCE coupon_numbers TO everything_writer;
GRANT USAGE ON SCHEMA vault TO everything_reader;
GRANT USAGE ON TYPE amount TO everything_writer;
REVOKE USAGE ON TYPE address FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION vault.secret_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vault.secret_of(text) TO everything_reader;
REVOKE EXECUTE ON PROCEDURE tidy_carts(integer) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE tidy_carts(integer) TO everything_writer;
