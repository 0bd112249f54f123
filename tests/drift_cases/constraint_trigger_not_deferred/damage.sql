DROP TRIGGER orders_complete ON orders;
CREATE CONSTRAINT TRIGGER orders_complete AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION check_order();
