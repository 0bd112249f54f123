-- Inserts fail after a million events, or begin anew.
ALTER SEQUENCE agent_event_logs_id_seq MAXVALUE 1000000 CYCLE;
