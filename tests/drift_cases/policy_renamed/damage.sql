ALTER POLICY customers_seen ON customers RENAME TO customers_visible;
