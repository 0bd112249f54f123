-- Writes one migration into the ledger, or over its earlier row. Returns nothing.
INSERT INTO pgfleet.ledger (home_schema, version, file, checksum, action, run_id)
VALUES (%(home)s, %(version)s, %(file)s, %(checksum)s, %(action)s, %(run_id)s)
ON CONFLICT (home_schema, version) DO UPDATE SET
  file = excluded.file,
  checksum = excluded.checksum,
  action = excluded.action,
  run_id = excluded.run_id,
  recorded_by = excluded.recorded_by,
  recorded_at = excluded.recorded_at
