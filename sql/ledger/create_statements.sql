-- Creates the table of the statements that finished of unfinished migrations: a script. Returns nothing.
CREATE TABLE IF NOT EXISTS pgfleet.ledger_statements (
  home_schema text NOT NULL,
  version text NOT NULL,
  checksum text NOT NULL,
  finished integer NOT NULL,
  run_id text NOT NULL,
  recorded_by text NOT NULL DEFAULT current_user,
  recorded_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (home_schema, version)
);
COMMENT ON TABLE pgfleet.ledger_statements IS 'Migrations of several statements that run outside a transaction and have not finished: where the next run continues.';
COMMENT ON COLUMN pgfleet.ledger_statements.home_schema IS 'The schema that the tenant''s own objects live in.';
COMMENT ON COLUMN pgfleet.ledger_statements.version IS 'The migration''s version.';
COMMENT ON COLUMN pgfleet.ledger_statements.checksum IS 'SHA-256 of the script''s canonical text. If the script has changed, it starts over.';
COMMENT ON COLUMN pgfleet.ledger_statements.finished IS 'How many of its statements have finished, counted from its first.';
COMMENT ON COLUMN pgfleet.ledger_statements.run_id IS 'The run''s id in Prefect.';
COMMENT ON COLUMN pgfleet.ledger_statements.recorded_by IS 'The role that wrote this row.';
COMMENT ON COLUMN pgfleet.ledger_statements.recorded_at IS 'When this row was written.';
