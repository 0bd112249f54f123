DROP VIEW returned_orders;
CREATE TABLE returned_orders (id bigint, returned_at timestamp with time zone);
