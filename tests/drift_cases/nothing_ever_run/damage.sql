-- A new tenant: the product's own tables, and none of ours.
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);
