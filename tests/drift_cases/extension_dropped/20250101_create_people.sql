CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE IF NOT EXISTS people (name text NOT NULL);

CREATE INDEX IF NOT EXISTS idx_people_name ON people USING gin (name gin_trgm_ops);
