ALTER POLICY secrets_of_owner ON vault.secrets USING (true);
