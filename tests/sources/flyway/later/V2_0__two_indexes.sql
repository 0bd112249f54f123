CREATE INDEX users_name ON users (name);
CREATE INDEX CONCURRENTLY users_id ON users (id);
