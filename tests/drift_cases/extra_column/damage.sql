ALTER TABLE ai_messages ADD COLUMN sentiment text;
