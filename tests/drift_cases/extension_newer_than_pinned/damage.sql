ALTER EXTENSION pg_trgm UPDATE TO '1.6';
DROP INDEX players_live;
