CREATE FUNCTION masked(secret integer) RETURNS text LANGUAGE sql RETURN '***';
