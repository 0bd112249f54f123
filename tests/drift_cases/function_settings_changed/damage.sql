ALTER FUNCTION update_timestamp() SET search_path = pg_catalog;
