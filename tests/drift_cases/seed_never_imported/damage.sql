-- Rules there are, but none of the baseline.
DELETE FROM ai_guardrails.policy_rules;
INSERT INTO ai_guardrails.policy_rules (name, severity, message) VALUES ('own', 'warn', 'The tenant''s own.');
