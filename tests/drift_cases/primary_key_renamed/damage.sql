ALTER TABLE players RENAME CONSTRAINT players_pkey TO players_key;
