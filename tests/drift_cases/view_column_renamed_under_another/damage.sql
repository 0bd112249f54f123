ALTER VIEW good_players RENAME COLUMN points TO score;
