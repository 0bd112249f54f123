-- Deploy blog:touch to pg

BEGIN;

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RETURN NEW;
END
$$;

COMMIT;
