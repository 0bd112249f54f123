REVOKE USAGE ON SCHEMA vault FROM everything_reader;
