-- Which form the ledger has: one row, of the latest.
SELECT max(format) AS format
FROM pgfleet.ledger_format
