-- Adds an event of a migration that the ledger has no row of, and gives it none. Returns nothing.
INSERT INTO pgfleet.ledger_events (event, home_schema, version, file, checksum, run_id)
VALUES (%(event)s, %(home)s, %(version)s, %(file)s, %(checksum)s, %(run_id)s)
