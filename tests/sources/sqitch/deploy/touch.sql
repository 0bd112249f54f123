-- Deploy blog:touch to pg

BEGIN;

CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.id := 1;
  RETURN NEW;
END
$$;

COMMIT;
