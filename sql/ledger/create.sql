-- Creates the ledger of a database, format 1: a script of several statements. Returns nothing. Uses an existing schema,
-- which an administrator may have created: IF NOT EXISTS would require the CREATE privilege.
DO $$
BEGIN
  IF pg_catalog.to_regnamespace('pgfleet') IS NULL THEN
    CREATE SCHEMA pgfleet;
    COMMENT ON SCHEMA pgfleet IS 'The ledger of pgfleet: what was rolled out in this database. Services must not use it.';
  END IF;
END
$$;

CREATE TABLE pgfleet.ledger_format (
  format integer PRIMARY KEY,
  made_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE pgfleet.ledger_format IS 'The format of these tables, in one row. Versions of pgfleet that do not support it do not use them.';
COMMENT ON COLUMN pgfleet.ledger_format.format IS 'Increases by one with each change of the format.';
COMMENT ON COLUMN pgfleet.ledger_format.made_at IS 'When the tables were given this format.';
INSERT INTO pgfleet.ledger_format (format) VALUES (1);

CREATE TABLE pgfleet.ledger (
  home_schema text NOT NULL,
  version text NOT NULL,
  file text NOT NULL,
  checksum text NOT NULL,
  state text NOT NULL CHECK (state IN ('started', 'applied', 'adopted')),
  run_id text NOT NULL,
  recorded_by text NOT NULL DEFAULT current_user,
  recorded_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (home_schema, version)
);
COMMENT ON TABLE pgfleet.ledger IS 'The current state: one row per migration and home schema. The catalog has precedence over it.';
COMMENT ON COLUMN pgfleet.ledger.home_schema IS 'The schema that the tenant''s own objects live in.';
COMMENT ON COLUMN pgfleet.ledger.version IS 'The migration''s version in the manifest.';
COMMENT ON COLUMN pgfleet.ledger.file IS 'The script''s name, with a folder where the name alone does not identify it.';
COMMENT ON COLUMN pgfleet.ledger.checksum IS 'SHA-256 of the canonical text of the script that ran or was adopted.';
COMMENT ON COLUMN pgfleet.ledger.state IS 'applied: a run executed it. adopted: its objects existed already. started: it runs outside a transaction and has not finished.';
COMMENT ON COLUMN pgfleet.ledger.run_id IS 'The run''s id in Prefect.';
COMMENT ON COLUMN pgfleet.ledger.recorded_by IS 'The role that wrote this row.';
COMMENT ON COLUMN pgfleet.ledger.recorded_at IS 'When the transaction that wrote this row began.';

CREATE TABLE pgfleet.ledger_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  happened_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  event text NOT NULL CHECK (event IN ('started', 'applied', 'healed', 'rerun', 'adopted', 'abandoned', 'repaired', 'reverted')),
  home_schema text NOT NULL,
  version text NOT NULL,
  file text NOT NULL,
  checksum text NOT NULL,
  run_id text NOT NULL,
  recorded_by text NOT NULL DEFAULT current_user,
  application text DEFAULT pg_catalog.current_setting('application_name')
);
COMMENT ON TABLE pgfleet.ledger_events IS 'The history: rows are added, never changed or deleted.';
COMMENT ON COLUMN pgfleet.ledger_events.id IS 'The order of the events.';
COMMENT ON COLUMN pgfleet.ledger_events.happened_at IS 'When this row was written.';
COMMENT ON COLUMN pgfleet.ledger_events.event IS 'applied, healed (reapplied to fix drift), rerun (on purpose), adopted, repaired (by statements generated for this tenant), reverted; started and abandoned: of migrations that run outside a transaction.';
COMMENT ON COLUMN pgfleet.ledger_events.home_schema IS 'The schema that the tenant''s own objects live in.';
COMMENT ON COLUMN pgfleet.ledger_events.version IS 'The migration''s version in the manifest.';
COMMENT ON COLUMN pgfleet.ledger_events.file IS 'The script''s name, with a folder where the name alone does not identify it.';
COMMENT ON COLUMN pgfleet.ledger_events.checksum IS 'SHA-256 of the script''s canonical text at that time.';
COMMENT ON COLUMN pgfleet.ledger_events.run_id IS 'The run''s id in Prefect.';
COMMENT ON COLUMN pgfleet.ledger_events.recorded_by IS 'The role that wrote this row.';
COMMENT ON COLUMN pgfleet.ledger_events.application IS 'The application name of the session that wrote this row. Null in rows that are older than this column.';

CREATE FUNCTION pgfleet.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'pgfleet.ledger_events is only added to' USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION pgfleet.refuse_change() IS 'Prevents changes to the events.';

CREATE TRIGGER append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON pgfleet.ledger_events
FOR EACH STATEMENT EXECUTE FUNCTION pgfleet.refuse_change();
