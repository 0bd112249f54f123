-- Deleting a conversation fails as long as it has messages.
ALTER TABLE ai_messages DROP CONSTRAINT ai_messages_conversation_id_fkey;
ALTER TABLE ai_messages ADD CONSTRAINT ai_messages_conversation_id_fkey
  FOREIGN KEY (conversation_id) REFERENCES ai_conversations (id);
