-- Two lists of company ids of each guardrail rule, one to allow and one to deny; the planner reads both with the rule.
-- Safe to rerun: a column that exists is left alone, with its values.
-- On a live table: constant defaults, so no row is rewritten; nobody else reads the rules until the commit.

ALTER TABLE ai_guardrails.policy_rules
  ADD COLUMN IF NOT EXISTS company_allow_list INTEGER[] NOT NULL DEFAULT ARRAY[]::INTEGER[],
  ADD COLUMN IF NOT EXISTS company_deny_list INTEGER[] NOT NULL DEFAULT ARRAY[]::INTEGER[];
