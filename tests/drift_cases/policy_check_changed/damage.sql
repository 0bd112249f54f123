ALTER POLICY customers_written ON customers WITH CHECK (true);
