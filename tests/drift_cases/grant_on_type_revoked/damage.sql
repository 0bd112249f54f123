REVOKE USAGE ON TYPE amount FROM everything_writer;
