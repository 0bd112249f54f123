DROP FUNCTION vault.secret_of(text);
CREATE FUNCTION vault.secret_of(wanted text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = vault, pg_temp SET lock_timeout = '1s' AS $$ SELECT secret FROM vault.secrets WHERE owner = wanted $$;
