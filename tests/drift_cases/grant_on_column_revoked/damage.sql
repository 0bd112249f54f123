REVOKE UPDATE (quantity) ON order_lines FROM everything_writer;
