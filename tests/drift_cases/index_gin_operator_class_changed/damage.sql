DROP INDEX orders_by_details;
CREATE INDEX orders_by_details ON orders USING gin (details);
