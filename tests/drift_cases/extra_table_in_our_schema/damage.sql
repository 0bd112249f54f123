CREATE TABLE ai_guardrails.exceptions (
  id bigserial PRIMARY KEY,
  rule text NOT NULL REFERENCES ai_guardrails.policy_rules (name)
);
CREATE INDEX exceptions_rule ON ai_guardrails.exceptions (rule);
