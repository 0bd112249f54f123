ALTER POLICY customers_written ON customers TO PUBLIC;
