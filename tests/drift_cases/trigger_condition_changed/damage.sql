CREATE OR REPLACE TRIGGER orders_touch BEFORE UPDATE OF status ON orders
FOR EACH ROW WHEN (NEW.status = 'placed') EXECUTE FUNCTION touch();
