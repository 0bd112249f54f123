DROP INDEX customers_by_folded_name;
CREATE INDEX customers_by_folded_name ON customers (upper(name) text_pattern_ops);
