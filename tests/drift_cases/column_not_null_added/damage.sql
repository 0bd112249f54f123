-- Conversations that nobody is signed in to cannot begin any more.
ALTER TABLE ai_conversations ALTER COLUMN user_id SET NOT NULL;
