-- The tenant's own addition to one of our tables.
ALTER TABLE ai_messages ADD COLUMN sentiment text;
