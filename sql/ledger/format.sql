-- The ledger's format: one row, the latest.
SELECT max(format) AS format
FROM pgfleet.ledger_format
