DROP FUNCTION total_of(integer, timestamp with time zone);
CREATE FUNCTION total_of(customer integer, since timestamp with time zone DEFAULT '2020-01-01 00:00:00+00')
RETURNS double precision LANGUAGE sql STABLE STRICT AS $$ SELECT sum(total) FROM orders WHERE customer_id = customer AND placed_at >= since $$;
