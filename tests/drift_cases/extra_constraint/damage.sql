ALTER TABLE ai_messages ADD CONSTRAINT known_role CHECK (role IN ('user', 'assistant', 'system'));
