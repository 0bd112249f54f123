-- Removes the record of a migration's finished statements, so that its next run starts over. Returns nothing.
DELETE FROM pgfleet.ledger_statements
WHERE home_schema = %(home)s AND version = %(version)s
