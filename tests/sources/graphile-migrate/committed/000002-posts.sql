--! Previous: sha1:0451d605e7d8808b1bbb26775601e8dc5dae9d56
--! Hash: sha1:b59d3680d8c6e3480449e7f6ed77982b9d6b37a0
--! Message: posts

CREATE TABLE posts (
  id bigint PRIMARY KEY,
  author bigint NOT NULL REFERENCES users
);
