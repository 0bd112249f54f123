-- Makes the events of an existing ledger say which application wrote them: a script. Returns nothing. The default is set
-- separately: given with the column, it would also apply to the rows that are there.
ALTER TABLE pgfleet.ledger_events ADD COLUMN IF NOT EXISTS application text;
ALTER TABLE pgfleet.ledger_events ALTER COLUMN application SET DEFAULT pg_catalog.current_setting('application_name');
COMMENT ON COLUMN pgfleet.ledger_events.application IS 'The application name of the session that wrote this row. Null in rows that are older than this column.';
