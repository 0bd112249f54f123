DROP POLICY customers_returning ON customers;
