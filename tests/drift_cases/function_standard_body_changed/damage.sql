CREATE OR REPLACE FUNCTION masked(secret text, shown integer) RETURNS text LANGUAGE sql IMMUTABLE
RETURN left(secret, shown + 1) || '***';
