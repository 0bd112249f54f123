DO $$
BEGIN
  IF to_regclass('archive') IS NOT NULL THEN
    DELETE FROM rules;
  END IF;
END
$$;
CREATE TABLE IF NOT EXISTS archive (name text);
