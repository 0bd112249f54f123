DROP POLICY customers_not_hidden ON customers;
CREATE POLICY customers_not_hidden ON customers USING (NOT 'hidden' = ANY (tags));
