-- The posts.

-- migrate:up
CREATE TABLE posts (
  id bigint PRIMARY KEY,
  author bigint NOT NULL REFERENCES users
);

-- migrate:down
DROP TABLE posts;
