-- New rows must have a content, old ones need not: NOT NULL cannot be relied upon.
ALTER TABLE ai_messages ALTER COLUMN content DROP NOT NULL;
ALTER TABLE ai_messages ADD CONSTRAINT content_is_there NOT NULL content NOT VALID;
