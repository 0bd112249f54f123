CREATE FUNCTION ai_guardrails.severities() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$ SELECT ARRAY['warn', 'block'] $$;
