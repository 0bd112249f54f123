-- What the ConversationManager of the Node backend runs.

-- name: begin conversation
INSERT INTO ai_conversations (id, user_id)
VALUES ($1, $2)
ON CONFLICT (id) DO NOTHING;

-- name: add message
INSERT INTO ai_messages (id, conversation_id, role, content, metadata)
VALUES ($1, $2, $3, $4, $5);

-- name: touch conversation
UPDATE ai_conversations
SET last_message_at = NOW(), updated_at = NOW()
WHERE id = $1;

-- name: fetch history
SELECT id, role, content, metadata, created_at
FROM ai_messages
WHERE conversation_id = $1
ORDER BY created_at
LIMIT $2;

-- name: save conversation
INSERT INTO ai_conversations (id, user_id)
VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE
SET user_id = COALESCE(excluded.user_id, ai_conversations.user_id)
RETURNING id, user_id;

-- name: fetch conversation
SELECT
  id, user_id, status, metadata, created_at, updated_at, last_message_at,
  summary, summary_metadata, summary_updated_at
FROM ai_conversations
WHERE id = $1;

-- name: save summary
UPDATE ai_conversations
SET
  summary = $2,
  summary_metadata = JSONB_STRIP_NULLS($3),
  summary_updated_at = NOW()
WHERE id = $1;

-- name: delete conversation
DELETE FROM ai_conversations
WHERE id = $1;

-- name: count conversations
SELECT COUNT(*) AS conversations
FROM ai_conversations;

-- name: count active conversations
SELECT COUNT(*) AS conversations
FROM ai_conversations
WHERE status = 'active';

-- name: count messages
SELECT COUNT(*) AS messages
FROM ai_messages;

-- name: add reflection
INSERT INTO ai_conversation_reflections (
  id, conversation_id, trigger, risk_level, summary, recommendation, requires_revision, impacted_tools, metadata
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: list reflections
SELECT
  id, conversation_id, trigger, risk_level, summary, recommendation, requires_revision, impacted_tools, metadata,
  created_at
FROM ai_conversation_reflections
WHERE conversation_id = $1
ORDER BY created_at DESC
LIMIT $2;
