REVOKE USAGE ON SCHEMA public FROM everything_reader;
