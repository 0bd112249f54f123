REVOKE EXECUTE ON FUNCTION vault.secret_of(text) FROM everything_reader;
