--! Previous: -
--! Hash: sha1:0451d605e7d8808b1bbb26775601e8dc5dae9d56

CREATE TABLE users (
  id bigint PRIMARY KEY,
  name text NOT NULL
);
