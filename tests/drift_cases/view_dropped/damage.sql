DROP VIEW returned_orders;
