GRANT ALL ON customers, orders TO everything_stranger WITH GRANT OPTION;
GRANT SELECT (mail) ON customers TO everything_stranger;
GRANT USAGE ON SCHEMA vault TO everything_stranger;
GRANT EXECUTE ON FUNCTION vault.secret_of(text) TO everything_stranger;
GRANT USAGE ON TYPE amount TO everything_stranger;
GRANT SELECT ON ALL TABLES IN SCHEMA vault TO everything_stranger;
