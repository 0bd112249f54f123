DROP VIEW best_players, good_players, all_players;
ALTER TABLE players DROP COLUMN folded;
ALTER TABLE players ALTER COLUMN code TYPE varchar(8);
ALTER TABLE players ADD COLUMN folded text GENERATED ALWAYS AS (upper(code)) STORED;
CREATE INDEX players_by_folded ON players (folded);
CREATE VIEW good_players AS SELECT id, points FROM players WHERE code IN ('a', 'b');
CREATE VIEW best_players AS SELECT * FROM good_players WHERE points BETWEEN 10 AND 20 AND id <> 3;
CREATE VIEW all_players AS SELECT id, points, code, folded, rank FROM players;
GRANT SELECT ON best_players TO everything_reader;
