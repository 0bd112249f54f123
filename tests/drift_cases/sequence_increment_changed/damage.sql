ALTER SEQUENCE agent_event_logs_id_seq INCREMENT BY 10;
