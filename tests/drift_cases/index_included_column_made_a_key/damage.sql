DROP INDEX customers_by_name;
CREATE INDEX customers_by_name ON customers (name COLLATE "POSIX" DESC NULLS LAST, mail);
