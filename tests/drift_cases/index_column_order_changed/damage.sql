-- Of no use for finding one conversation's messages.
DROP INDEX idx_ai_messages_conversation;
CREATE INDEX idx_ai_messages_conversation ON ai_messages (created_at, conversation_id);
