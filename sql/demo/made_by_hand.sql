-- As an earlier version of the scripts left it, run with psql -f: other id defaults, and a foreign key to the product's
-- users.
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT gen_random_uuid()';
ALTER TABLE ai_conversations ALTER COLUMN id SET DEFAULT uuid_generate_v4();
ALTER TABLE ai_messages ALTER COLUMN id SET DEFAULT uuid_generate_v4();
ALTER TABLE ai_task_queue ALTER COLUMN id SET DEFAULT uuid_generate_v4();
ALTER TABLE ai_conversations
  ADD CONSTRAINT ai_conversations_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL;
