-- Removes the row of a migration that is not applied, and adds the event. Returns nothing.
WITH event AS (
  INSERT INTO pgfleet.ledger_events (event, home_schema, version, file, checksum, run_id)
  VALUES (%(event)s, %(home)s, %(version)s, %(file)s, %(checksum)s, %(run_id)s)
)

DELETE FROM pgfleet.ledger
WHERE home_schema = %(home)s AND version = %(version)s
