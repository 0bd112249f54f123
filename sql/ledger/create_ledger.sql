-- The ledger: one row a migration and home schema, the current state. Returns nothing.
CREATE TABLE IF NOT EXISTS pgfleet.ledger (
  home_schema text NOT NULL,
  version text NOT NULL,
  file text NOT NULL,
  checksum text NOT NULL,
  action text NOT NULL CHECK (action IN ('applied', 'adopted')),
  run_id text NOT NULL,
  recorded_by text NOT NULL DEFAULT current_user,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (home_schema, version)
)
