ALTER TABLE carts DROP CONSTRAINT carts_customer_id_fkey;
ALTER TABLE carts ADD CONSTRAINT carts_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers MATCH FULL;
