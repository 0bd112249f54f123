-- Where extensions live in a schema of their own.
CREATE SCHEMA extensions;
CREATE FUNCTION extensions.uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.gen_random_uuid()';
ALTER TABLE ai_conversations ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
ALTER TABLE ai_messages ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
ALTER TABLE ai_task_queue ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
ALTER TABLE ai_conversation_reflections ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
ALTER TABLE skill_workflows ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
ALTER TABLE skill_run_reflections ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
