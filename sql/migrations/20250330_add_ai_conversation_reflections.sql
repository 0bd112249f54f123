-- The critic agent's reflections on a conversation, and an index for a conversation's latest.
-- Safe to rerun: the table, its rows and the index are left alone if they exist, and created if they are missing.
-- On a live database: while the table is new, writers of ai_conversations wait until the commit (its foreign key).

CREATE TABLE IF NOT EXISTS ai_conversation_reflections (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  conversation_id UUID NOT NULL REFERENCES ai_conversations (id) ON DELETE CASCADE,
  trigger VARCHAR(64) NOT NULL,
  risk_level VARCHAR(32) NOT NULL DEFAULT 'normal',
  summary TEXT NOT NULL,
  recommendation TEXT,
  requires_revision BOOLEAN NOT NULL DEFAULT FALSE,
  impacted_tools JSONB NOT NULL DEFAULT '[]',
  metadata JSONB NOT NULL DEFAULT '{}',
  created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);

CREATE INDEX IF NOT EXISTS idx_ai_conversation_reflections_conversation
  ON ai_conversation_reflections (conversation_id, created_at DESC);
