-- Switched off for a bulk load, and never on again: updated_at stands still.
ALTER TABLE ai_conversations DISABLE TRIGGER trg_ai_conversations_updated_at;
