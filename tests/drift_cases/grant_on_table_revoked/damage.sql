REVOKE INSERT ON customers FROM everything_writer;
