-- As the earlier scripts left it: users is the product's own table.
CREATE TABLE users (id integer PRIMARY KEY);
ALTER TABLE ai_conversations
  ADD CONSTRAINT ai_conversations_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL;
