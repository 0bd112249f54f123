REVOKE EXECUTE ON PROCEDURE tidy_carts(integer) FROM everything_writer;
