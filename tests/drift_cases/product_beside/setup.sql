-- The product was there first.
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);
