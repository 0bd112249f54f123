-- Adds an event for a migration without a row in the ledger, and no row. Returns nothing.
INSERT INTO pgfleet.ledger_events (event, home_schema, version, file, checksum, run_id)
VALUES (%(event)s, %(home)s, %(version)s, %(file)s, %(checksum)s, %(run_id)s)
