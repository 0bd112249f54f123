-- Put back after a repair, and never validated: old rows may point nowhere.
ALTER TABLE ai_conversation_reflections DROP CONSTRAINT ai_conversation_reflections_conversation_id_fkey;
ALTER TABLE ai_conversation_reflections ADD CONSTRAINT ai_conversation_reflections_conversation_id_fkey
  FOREIGN KEY (conversation_id) REFERENCES ai_conversations (id) ON DELETE CASCADE NOT VALID;
