-- Messages without a conversation can come about.
ALTER TABLE ai_messages DROP CONSTRAINT ai_messages_conversation_id_fkey;
