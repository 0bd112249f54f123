-- Two tenants' scripts met: rules by the same name for several companies were let in.
ALTER TABLE ai_guardrails.policy_rules DROP CONSTRAINT policy_rules_pkey;
ALTER TABLE ai_guardrails.policy_rules ADD CONSTRAINT policy_rules_pkey PRIMARY KEY (name, severity);
