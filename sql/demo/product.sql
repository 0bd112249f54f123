-- The product's own tables in a tenant's database, which the manifest does not manage.
CREATE TABLE users (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text NOT NULL UNIQUE);
CREATE TABLE invoices (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, user_id integer REFERENCES users, total numeric);
CREATE INDEX invoices_user ON invoices (user_id);
INSERT INTO users (email) SELECT 'user' || n || '@example.com' FROM generate_series(1, 20) AS n;
