-- postgres-migrations disable-transaction
CREATE INDEX CONCURRENTLY posts_author ON posts (author);
