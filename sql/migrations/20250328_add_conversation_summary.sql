-- Rolling summaries of conversations: three columns of ai_conversations, and an index for the latest summaries.
-- Safe to rerun: a column or an index that exists is left alone, with its values; what is missing is added.
-- On a live table: constant defaults, so no row is rewritten; but from the ALTER TABLE until the commit nobody else
-- reads or writes ai_conversations. The index reads the table once in that time: a second or two per million rows.

ALTER TABLE ai_conversations
  ADD COLUMN IF NOT EXISTS summary TEXT,
  ADD COLUMN IF NOT EXISTS summary_metadata JSONB NOT NULL DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS summary_updated_at TIMESTAMPTZ;

-- CONCURRENTLY cannot run in the transaction that makes this migration one whole, and the ALTER TABLE keeps everybody
-- out already: columns without their index, or an invalid index, would be worse than the wait.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX IF NOT EXISTS idx_ai_conversations_summary_updated
  ON ai_conversations (summary_updated_at DESC NULLS LAST);
