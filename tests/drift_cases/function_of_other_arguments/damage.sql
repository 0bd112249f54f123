DROP FUNCTION masked(text, integer);
CREATE FUNCTION masked(secret text, shown bigint) RETURNS text LANGUAGE sql IMMUTABLE RETURN left(secret, shown::integer) || '***';
