ALTER FUNCTION vault.secret_of(text) RESET lock_timeout;
