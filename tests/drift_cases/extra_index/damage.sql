CREATE INDEX by_content ON ai_messages USING hash (content);
