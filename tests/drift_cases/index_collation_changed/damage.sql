DROP INDEX customers_by_name;
CREATE INDEX customers_by_name ON customers (name COLLATE "C" DESC NULLS LAST) INCLUDE (mail);
