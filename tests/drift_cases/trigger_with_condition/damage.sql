DROP TRIGGER trg_ai_conversations_updated_at ON ai_conversations;
CREATE TRIGGER trg_ai_conversations_updated_at
  BEFORE UPDATE ON ai_conversations FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION update_timestamp();
