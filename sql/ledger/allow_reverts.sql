-- Allows the event `reverted` in a ledger of an earlier version of pgfleet: a script. Returns nothing.
ALTER TABLE pgfleet.ledger_events DROP CONSTRAINT ledger_events_event_check;
ALTER TABLE pgfleet.ledger_events ADD CONSTRAINT ledger_events_event_check CHECK (event IN ('started', 'applied', 'healed', 'rerun', 'adopted', 'abandoned', 'repaired', 'reverted'));
