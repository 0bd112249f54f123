ALTER POLICY customers_seen ON customers TO everything_reader, everything_writer, everything_stranger;
