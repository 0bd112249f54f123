-- After the fact: what it sets is lost.
DROP TRIGGER trg_ai_conversations_updated_at ON ai_conversations;
CREATE TRIGGER trg_ai_conversations_updated_at
  AFTER UPDATE ON ai_conversations FOR EACH ROW EXECUTE FUNCTION update_timestamp();
