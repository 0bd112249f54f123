GRANT SELECT ON orders TO everything_reader WITH GRANT OPTION;
