-- +migrate Up
ANALYZE users;

-- +migrate Down
-- nothing
