DROP POLICY customers_seen ON customers;
CREATE POLICY customers_seen ON customers TO everything_reader, everything_writer USING (true);
