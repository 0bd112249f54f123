-- As somebody would do it by hand.
DROP VIEW best_players, good_players, all_players;
DROP TRIGGER players_note ON players;
DROP POLICY players_seen ON players;
ALTER TABLE players ALTER COLUMN points TYPE smallint;
CREATE TRIGGER players_note BEFORE UPDATE OF points ON players FOR EACH ROW WHEN (NEW.points > 3) EXECUTE FUNCTION note();
CREATE VIEW good_players AS SELECT id, points FROM players WHERE code IN ('a', 'b');
