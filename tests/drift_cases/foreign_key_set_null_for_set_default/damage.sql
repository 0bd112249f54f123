ALTER TABLE customers DROP CONSTRAINT customers_referred_by_fkey;
ALTER TABLE customers ADD CONSTRAINT customers_referred_by_fkey FOREIGN KEY (referred_by) REFERENCES customers ON DELETE SET NULL;
