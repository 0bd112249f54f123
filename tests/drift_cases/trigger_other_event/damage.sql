DROP TRIGGER trg_ai_conversations_updated_at ON ai_conversations;
CREATE TRIGGER trg_ai_conversations_updated_at
  BEFORE INSERT ON ai_conversations FOR EACH ROW EXECUTE FUNCTION update_timestamp();
