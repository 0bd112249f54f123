ALTER FUNCTION update_timestamp() STABLE;
