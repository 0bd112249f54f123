ALTER TABLE ai_conversations OWNER TO pg_monitor;
ALTER TABLE ai_guardrails.policy_rules OWNER TO pg_monitor;
ALTER FUNCTION update_timestamp() OWNER TO pg_monitor;
ALTER SCHEMA ai_guardrails OWNER TO pg_monitor;
