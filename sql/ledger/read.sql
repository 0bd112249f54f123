-- The ledger of one home schema: one row a migration.
SELECT version
FROM pgfleet.ledger
WHERE home_schema = %(home)s
ORDER BY version
