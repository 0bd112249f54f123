-- How many statements of a migration have finished: one row if any has, of a script with this checksum.
SELECT finished
FROM pgfleet.ledger_statements
WHERE home_schema = %(home)s AND version = %(version)s AND checksum = %(checksum)s
