DROP INDEX customers_by_folded_name;
CREATE INDEX customers_by_folded_name ON customers (lower(name));
