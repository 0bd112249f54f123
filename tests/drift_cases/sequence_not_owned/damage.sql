-- A dump of the table alone leaves it behind.
ALTER SEQUENCE agent_event_logs_id_seq OWNED BY NONE;
