-- Conversations, their messages and the task queue, with their indexes and the triggers that keep updated_at current.
-- Safe to rerun: a table, its rows and an index that exist are left alone; what is missing is created; the trigger
-- function and the triggers are put back as they are here, on these tables, whatever other schemas hold.
-- What a table that is still there has lost of its own, a column or a constraint, is not put back: its rows decide
-- what that takes, so it is for a person to do.
-- On live tables: until the commit they can be read, but writers wait.

CREATE TABLE IF NOT EXISTS ai_conversations (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  -- The product's own users; no foreign key, because that table is not ours to rely on.
  user_id INTEGER,
  status VARCHAR(32) NOT NULL DEFAULT 'active',
  metadata JSONB NOT NULL DEFAULT '{}',
  created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  last_message_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS ai_messages (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  conversation_id UUID NOT NULL REFERENCES ai_conversations (id) ON DELETE CASCADE,
  role VARCHAR(32) NOT NULL,
  content TEXT NOT NULL,
  metadata JSONB NOT NULL DEFAULT '{}',
  created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS ai_task_queue (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  conversation_id UUID REFERENCES ai_conversations (id) ON DELETE SET NULL,
  task_type VARCHAR(64) NOT NULL,
  payload JSONB NOT NULL DEFAULT '{}',
  status VARCHAR(32) NOT NULL DEFAULT 'pending',
  scheduled_for TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  started_at TIMESTAMPTZ,
  completed_at TIMESTAMPTZ
);

CREATE INDEX IF NOT EXISTS idx_ai_conversations_user
  ON ai_conversations (user_id);

CREATE INDEX IF NOT EXISTS idx_ai_conversations_last_message
  ON ai_conversations (last_message_at DESC);

CREATE INDEX IF NOT EXISTS idx_ai_messages_conversation
  ON ai_messages (conversation_id, created_at);

CREATE INDEX IF NOT EXISTS idx_ai_task_queue_status_schedule
  ON ai_task_queue (status, scheduled_for);

CREATE OR REPLACE FUNCTION update_timestamp()
RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
  NEW.updated_at = NOW();
  RETURN NEW;
END;
$$;

-- A trigger's name is its table's own. Looking the name up in the whole database first would leave every schema of a
-- schema-per-tenant database but the first without its triggers.
CREATE OR REPLACE TRIGGER trg_ai_conversations_updated_at
  BEFORE UPDATE ON ai_conversations
  FOR EACH ROW EXECUTE FUNCTION update_timestamp();

CREATE OR REPLACE TRIGGER trg_ai_task_queue_updated_at
  BEFORE UPDATE ON ai_task_queue
  FOR EACH ROW EXECUTE FUNCTION update_timestamp();
