-- +migrate Up notransaction
CREATE INDEX CONCURRENTLY posts_author ON posts (author);

-- +migrate Down notransaction
DROP INDEX posts_author;
