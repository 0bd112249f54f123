-- As DROP and CREATE do, or a restore without privileges.
GRANT EXECUTE ON FUNCTION vault.secret_of(text) TO PUBLIC;
