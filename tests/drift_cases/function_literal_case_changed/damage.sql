-- The case of a keyword means nothing, that of a string does.
CREATE OR REPLACE FUNCTION first_status() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'Pending' $$;
