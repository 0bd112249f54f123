-- The ledger of one home schema: one row per migration.
SELECT
  version,
  state,
  checksum,
  run_id
FROM pgfleet.ledger
WHERE home_schema = %(home)s
ORDER BY version
