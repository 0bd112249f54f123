-- With what depends on the function, which cannot be replaced then.
ALTER TABLE players DROP CONSTRAINT players_level, ALTER COLUMN rank DROP DEFAULT;
DROP INDEX players_by_level;
DROP FUNCTION level_of(integer, integer);
CREATE FUNCTION level_of(x integer, y integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT x + y';
ALTER TABLE players ADD CONSTRAINT players_level CHECK (level_of(points, 1) > 0), ALTER COLUMN rank SET DEFAULT level_of(1, 2);
CREATE INDEX players_by_level ON players (level_of(points, 0));
DROP FUNCTION summary_of(integer);
CREATE FUNCTION summary_of(player integer, OUT points integer, OUT label text) LANGUAGE sql AS $$ SELECT 1, 'b' $$;
