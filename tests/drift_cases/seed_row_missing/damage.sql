DELETE FROM ai_guardrails.policy_rules WHERE name = 'finance_wire_warn';
