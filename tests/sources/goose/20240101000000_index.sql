-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY posts_author ON posts (author);
CREATE INDEX CONCURRENTLY users_name ON users (name);

-- +goose Down
DROP INDEX posts_author;
