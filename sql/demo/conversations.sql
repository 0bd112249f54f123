-- Some conversations, to have rows to count.
WITH started AS (
  INSERT INTO ai_conversations (user_id) SELECT n FROM generate_series(1, 20) AS n RETURNING id
)
INSERT INTO ai_messages (conversation_id, role, content)
SELECT id, CASE WHEN n % 2 = 1 THEN 'user' ELSE 'assistant' END, 'message ' || n
FROM started CROSS JOIN generate_series(1, 6) AS n;
