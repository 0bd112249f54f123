-- Disabled for a bulk load and never enabled again: updated_at is no longer set.
ALTER TABLE ai_conversations DISABLE TRIGGER trg_ai_conversations_updated_at;
