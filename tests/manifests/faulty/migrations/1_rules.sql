CREATE TABLE IF NOT EXISTS owners (id integer PRIMARY KEY, name varchar(8) NOT NULL);
CREATE TABLE IF NOT EXISTS rules (
  name text PRIMARY KEY,
  owner integer NOT NULL REFERENCES owners (id),
  runs integer NOT NULL DEFAULT 0
);
