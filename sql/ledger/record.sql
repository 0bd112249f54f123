-- Inserts or overwrites a migration's row in the ledger, and adds the event. Returns nothing.
WITH event AS (
  INSERT INTO pgfleet.ledger_events (event, home_schema, version, file, checksum, run_id)
  VALUES (%(event)s, %(home)s, %(version)s, %(file)s, %(checksum)s, %(run_id)s)
)

INSERT INTO pgfleet.ledger (home_schema, version, file, checksum, state, run_id)
VALUES (%(home)s, %(version)s, %(file)s, %(checksum)s, %(state)s, %(run_id)s)
ON CONFLICT (home_schema, version) DO UPDATE SET
  file = excluded.file,
  checksum = excluded.checksum,
  state = excluded.state,
  run_id = excluded.run_id,
  recorded_by = excluded.recorded_by,
  recorded_at = excluded.recorded_at
