DROP TRIGGER open_orders_write ON open_orders;
