REVOKE GRANT OPTION FOR DELETE ON orders FROM everything_writer;
