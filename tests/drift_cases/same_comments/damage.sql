COMMENT ON VIEW open_orders IS 'Not yet shipped';
COMMENT ON TYPE order_status IS 'How far it is';
COMMENT ON DOMAIN amount IS 'Of money';
COMMENT ON POLICY customers_seen ON customers IS 'All see all';
COMMENT ON CONSTRAINT orders_total_known ON orders IS 'Or it is a draft';
COMMENT ON TRIGGER orders_touch ON orders IS 'When it was placed';
COMMENT ON RULE documents_are_kept ON documents IS 'For ten years';
COMMENT ON FUNCTION masked(text) IS 'For the log';
COMMENT ON SCHEMA vault IS 'Keep out';
