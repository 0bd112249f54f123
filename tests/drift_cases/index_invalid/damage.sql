-- As a CREATE INDEX CONCURRENTLY that was cancelled leaves it: there, and of no use.
UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = 'ai_guardrails.idx_policy_rules_priority'::regclass;
