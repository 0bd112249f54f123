-- What was made with its operator classes goes with it.
DROP EXTENSION pg_trgm CASCADE;
