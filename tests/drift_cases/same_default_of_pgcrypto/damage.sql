-- Dumped from a server older than 13, where gen_random_uuid() was pgcrypto's: the restored default names its schema.
CREATE FUNCTION public.gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.gen_random_uuid()';
ALTER TABLE ai_conversations ALTER COLUMN id SET DEFAULT public.gen_random_uuid();
ALTER TABLE ai_messages ALTER COLUMN id SET DEFAULT public.gen_random_uuid();
ALTER TABLE ai_task_queue ALTER COLUMN id SET DEFAULT public.gen_random_uuid();
ALTER TABLE ai_conversation_reflections ALTER COLUMN id SET DEFAULT public.gen_random_uuid();
ALTER TABLE skill_workflows ALTER COLUMN id SET DEFAULT public.gen_random_uuid();
ALTER TABLE skill_run_reflections ALTER COLUMN id SET DEFAULT public.gen_random_uuid();
