-- The index on the column goes with it, and is a finding of its own.
ALTER TABLE ai_conversations DROP COLUMN summary_updated_at;
