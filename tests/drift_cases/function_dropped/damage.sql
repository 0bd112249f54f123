-- CASCADE: both triggers go with it.
DROP FUNCTION update_timestamp() CASCADE;
