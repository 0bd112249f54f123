CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL,
  fax text
);
CREATE INDEX customers_email ON customers (lower(email));
