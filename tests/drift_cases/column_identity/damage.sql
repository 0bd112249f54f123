-- The earlier scripts' tables have a sequence and a default; one by the same name behind an identity is another thing.
ALTER TABLE agent_event_logs ALTER COLUMN id DROP DEFAULT;
DROP SEQUENCE agent_event_logs_id_seq;
ALTER TABLE agent_event_logs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
