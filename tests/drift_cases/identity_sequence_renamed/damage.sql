-- The column uses it all the same.
ALTER SEQUENCE players_id_seq RENAME TO numbers;
