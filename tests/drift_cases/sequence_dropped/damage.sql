-- The default goes with it: inserts fail.
DROP SEQUENCE agent_event_logs_id_seq CASCADE;
