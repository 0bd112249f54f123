ALTER VIEW open_orders OWNER TO everything_stranger;
ALTER MATERIALIZED VIEW customer_totals OWNER TO everything_stranger;
ALTER TYPE order_status OWNER TO everything_stranger;
ALTER DOMAIN amount OWNER TO everything_stranger;
ALTER TABLE customers OWNER TO everything_stranger;
ALTER TABLE coupons OWNER TO everything_stranger;
ALTER FUNCTION vault.secret_of(text) OWNER TO everything_stranger;
ALTER SCHEMA vault OWNER TO everything_stranger;
