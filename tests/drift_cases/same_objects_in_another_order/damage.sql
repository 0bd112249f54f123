-- An earlier version of the scripts: columns, tables and indexes in another order, constraints by ALTER TABLE, the ids'
-- defaults of uuid-ossp, the trigger function in another hand, a foreign key to the product's users.
CREATE TABLE users (id integer PRIMARY KEY, email text);
CREATE SCHEMA extensions;
CREATE FUNCTION extensions.uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.gen_random_uuid()';
SET search_path = public, extensions;

CREATE SCHEMA ai_guardrails;
CREATE TABLE ai_guardrails.policy_rules (
  company_deny_list int[] DEFAULT ARRAY[]::int[] NOT NULL,
  company_allow_list int[] DEFAULT ARRAY[]::int[] NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  company_id int,
  priority int DEFAULT 0 NOT NULL,
  match_pending_action_slugs text[] DEFAULT ARRAY[]::text[] NOT NULL,
  match_any_keywords text[] DEFAULT ARRAY[]::text[] NOT NULL,
  match_all_keywords text[] DEFAULT ARRAY[]::text[] NOT NULL,
  fallback_step text,
  requires_manual_review boolean DEFAULT false NOT NULL,
  resolution text,
  message text NOT NULL,
  policy_tags text[] DEFAULT ARRAY[]::text[] NOT NULL,
  severity character varying(16) NOT NULL,
  name text NOT NULL
);
CREATE INDEX idx_policy_rules_priority ON ai_guardrails.policy_rules USING btree (priority DESC NULLS FIRST, name ASC);
ALTER TABLE ai_guardrails.policy_rules ADD CONSTRAINT policy_rules_pkey PRIMARY KEY (name);

CREATE SEQUENCE agent_event_logs_id_seq;
CREATE TABLE agent_event_logs (
  occurred_at timestamp with time zone DEFAULT current_timestamp NOT NULL,
  metadata jsonb,
  latency_ms int,
  trace_id uuid,
  error_message text,
  error_code varchar(100),
  status varchar(20),
  event_type varchar(50) NOT NULL,
  tool varchar(100),
  conversation_id uuid,
  session_id int,
  source varchar(32) NOT NULL,
  id bigint DEFAULT nextval('agent_event_logs_id_seq') NOT NULL PRIMARY KEY
);
ALTER SEQUENCE agent_event_logs_id_seq OWNED BY agent_event_logs.id;
CREATE INDEX idx_agent_event_logs_tool ON agent_event_logs (tool) WHERE (tool) IS NOT NULL;
CREATE INDEX idx_agent_event_logs_source ON agent_event_logs (source);
CREATE INDEX idx_agent_event_logs_event_status ON agent_event_logs (event_type, status);
CREATE INDEX idx_agent_event_logs_occurred_at ON agent_event_logs (occurred_at DESC);

CREATE TABLE skill_run_reflections (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  latency_ms int,
  verification_payload jsonb,
  success bool NOT NULL,
  outcome text NOT NULL,
  run_id uuid NOT NULL,
  skill_workflow_id uuid NOT NULL
);
CREATE TABLE skill_workflows (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  updated_at timestamptz DEFAULT now() NOT NULL,
  created_at timestamptz DEFAULT now() NOT NULL,
  parameters jsonb NOT NULL,
  entrypoint text NOT NULL,
  description text,
  version int DEFAULT 1 NOT NULL,
  name text NOT NULL
);
ALTER TABLE skill_workflows ADD UNIQUE (name, version);
ALTER TABLE skill_workflows ADD PRIMARY KEY (id);
ALTER TABLE skill_run_reflections ADD PRIMARY KEY (id);
ALTER TABLE skill_run_reflections ADD FOREIGN KEY (skill_workflow_id) REFERENCES skill_workflows ON DELETE CASCADE;
CREATE INDEX idx_skill_run_reflections_workflow ON skill_run_reflections (skill_workflow_id, created_at DESC);
CREATE INDEX idx_skill_workflows_name ON skill_workflows (name);

CREATE TABLE ai_conversations (
  id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  summary_updated_at timestamptz,
  summary_metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  summary text,
  user_id integer REFERENCES users (id) ON DELETE SET NULL,
  metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
  status varchar(32) NOT NULL DEFAULT 'active',
  last_message_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_ai_conversations_summary_updated ON ai_conversations (summary_updated_at DESC NULLS LAST);
CREATE INDEX idx_ai_conversations_last_message ON ai_conversations (last_message_at DESC);
CREATE INDEX idx_ai_conversations_user ON ai_conversations (user_id);

CREATE TABLE ai_conversation_reflections (
  id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  created_at timestamptz NOT NULL DEFAULT now(),
  metadata jsonb NOT NULL DEFAULT '{}',
  impacted_tools jsonb NOT NULL DEFAULT '[]',
  requires_revision boolean NOT NULL DEFAULT false,
  recommendation text,
  summary text NOT NULL,
  risk_level varchar(32) NOT NULL DEFAULT 'normal',
  trigger varchar(64) NOT NULL,
  conversation_id uuid NOT NULL REFERENCES ai_conversations (id) ON DELETE CASCADE
);
CREATE INDEX idx_ai_conversation_reflections_conversation ON ai_conversation_reflections (conversation_id, created_at DESC);

CREATE TABLE ai_task_queue (
  id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  task_type varchar(64) NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}',
  conversation_id uuid REFERENCES ai_conversations (id) ON DELETE SET NULL,
  scheduled_for timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  started_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  last_error text,
  attempts integer NOT NULL DEFAULT 0,
  status varchar(32) NOT NULL DEFAULT 'pending'
);
CREATE INDEX idx_ai_task_queue_status_schedule ON ai_task_queue (status, scheduled_for);

CREATE TABLE ai_messages (
  id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  conversation_id uuid NOT NULL REFERENCES ai_conversations (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  metadata jsonb NOT NULL DEFAULT '{}',
  content text NOT NULL,
  role varchar(32) NOT NULL
);
CREATE INDEX idx_ai_messages_conversation ON ai_messages (conversation_id, created_at);

CREATE OR REPLACE FUNCTION update_timestamp()
RETURNS TRIGGER AS $function$
begin
  new.updated_at = now();
  return new;
end;
$function$ language 'plpgsql';
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'trg_ai_task_queue_updated_at') THEN
    CREATE TRIGGER trg_ai_task_queue_updated_at
    BEFORE UPDATE ON ai_task_queue FOR EACH ROW EXECUTE PROCEDURE update_timestamp();
  END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'trg_ai_conversations_updated_at') THEN
    CREATE TRIGGER trg_ai_conversations_updated_at
    BEFORE UPDATE ON ai_conversations FOR EACH ROW EXECUTE PROCEDURE update_timestamp();
  END IF;
END
$$;
