-- Functions, a procedure, and triggers.
-- Safe to rerun: everything is replaced by itself.
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.placed_at := now();
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION write_open_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE orders SET total = NEW.total WHERE id = NEW.id;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION check_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION total_of(customer integer, since timestamp with time zone DEFAULT '2020-01-01 00:00:00+00')
RETURNS numeric LANGUAGE sql STABLE STRICT AS $$
  SELECT sum(total) FROM orders WHERE customer_id = customer AND placed_at >= since
$$;

CREATE OR REPLACE FUNCTION masked(secret text) RETURNS text LANGUAGE sql IMMUTABLE LEAKPROOF PARALLEL SAFE AS $$
  SELECT left(secret, 1) || '***'
$$;

CREATE OR REPLACE FUNCTION masked(secret text, shown integer) RETURNS text LANGUAGE sql IMMUTABLE
RETURN left(secret, shown) || '***';

CREATE OR REPLACE FUNCTION vault.secret_of(wanted text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = vault, pg_temp SET lock_timeout = '1s' AS $$
  SELECT secret FROM vault.secrets WHERE owner = wanted
$$;

CREATE OR REPLACE PROCEDURE tidy_carts(days integer DEFAULT 30) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM carts WHERE filled_at < now() - make_interval(days => days);
END
$$;

CREATE OR REPLACE TRIGGER orders_touch BEFORE UPDATE OF status ON orders
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION touch();
CREATE OR REPLACE TRIGGER open_orders_write INSTEAD OF UPDATE ON open_orders
FOR EACH ROW EXECUTE FUNCTION write_open_order();
CREATE OR REPLACE TRIGGER documents_log AFTER INSERT ON documents
FOR EACH STATEMENT EXECUTE FUNCTION check_order();
ALTER TABLE documents ENABLE ALWAYS TRIGGER documents_log;
DROP TRIGGER IF EXISTS orders_complete ON orders;
CREATE CONSTRAINT TRIGGER orders_complete AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION check_order();
