REVOKE SELECT ON returned_orders FROM everything_reader;
