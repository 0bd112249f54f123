CREATE OR REPLACE PROCEDURE tidy_carts(days integer DEFAULT 3) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM carts WHERE filled_at < now() - make_interval(days => days);
END
$$;
