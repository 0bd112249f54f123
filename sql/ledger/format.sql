-- The ledger's format: one row, the latest.
SELECT pg_catalog.max(format) AS format
FROM pgfleet.ledger_format
