DROP FUNCTION summary_of(integer);
CREATE FUNCTION summary_of(whose integer, OUT points integer, OUT title text) LANGUAGE sql AS $$ SELECT 1, 'b' $$;
CREATE VIEW my_summary AS SELECT * FROM summary_of(1);
