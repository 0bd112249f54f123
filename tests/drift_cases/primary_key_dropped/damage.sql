ALTER TABLE ai_messages DROP CONSTRAINT ai_messages_pkey;
