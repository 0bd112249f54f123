-- The guardrail rules that the safety subagent and the planner read, and an index in the order they are read in.
-- Safe to rerun: what exists of schema, table and index is left alone, with its rows; what is missing is created.
-- The schema is shared by all tenants of a database. IF NOT EXISTS does not see what another transaction has created
-- but not committed, so tenants that get here at the same moment take turns.

SELECT pg_advisory_xact_lock(hashtextextended('ai_guardrails', 0));

CREATE SCHEMA IF NOT EXISTS ai_guardrails;

CREATE TABLE IF NOT EXISTS ai_guardrails.policy_rules (
  name TEXT PRIMARY KEY,
  severity VARCHAR(16) NOT NULL,
  policy_tags TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  message TEXT NOT NULL,
  resolution TEXT,
  requires_manual_review BOOLEAN NOT NULL DEFAULT FALSE,
  fallback_step TEXT,
  match_all_keywords TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  match_any_keywords TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  match_pending_action_slugs TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  priority INTEGER NOT NULL DEFAULT 0,
  company_id INTEGER,
  created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);

CREATE INDEX IF NOT EXISTS idx_policy_rules_priority
  ON ai_guardrails.policy_rules (priority DESC, name);
