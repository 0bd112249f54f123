-- Lost in a restore: the planner's policy_engine selects it by name.
ALTER TABLE ai_guardrails.policy_rules DROP COLUMN company_deny_list;
