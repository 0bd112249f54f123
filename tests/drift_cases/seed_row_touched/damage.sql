-- When a rule was made or changed is nobody's edit, and a further rule is the tenant's own.
UPDATE ai_guardrails.policy_rules SET created_at = '2020-01-01', updated_at = '2021-01-01';
INSERT INTO ai_guardrails.policy_rules (name, severity, message) VALUES ('own', 'warn', 'The tenant''s own.');
