DROP INDEX idx_ai_conversations_user;
CREATE INDEX idx_ai_conversations_user ON ai_conversations (status);
