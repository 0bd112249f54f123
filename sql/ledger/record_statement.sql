-- Records how many statements of a migration have finished. Returns nothing.
INSERT INTO pgfleet.ledger_statements (home_schema, version, checksum, finished, run_id)
VALUES (%(home)s, %(version)s, %(checksum)s, %(finished)s, %(run_id)s)
ON CONFLICT (home_schema, version) DO UPDATE SET
  checksum = excluded.checksum,
  finished = excluded.finished,
  run_id = excluded.run_id,
  recorded_by = excluded.recorded_by,
  recorded_at = excluded.recorded_at
