ALTER FUNCTION vault.secret_of(text) RESET search_path;
