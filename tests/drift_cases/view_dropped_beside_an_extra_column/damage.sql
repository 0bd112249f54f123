DROP VIEW all_players;
ALTER TABLE players ADD COLUMN extra integer;
