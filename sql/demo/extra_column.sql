-- The tenant's own addition to a managed table.
ALTER TABLE ai_messages ADD COLUMN sentiment text;
