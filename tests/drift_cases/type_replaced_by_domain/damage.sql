ALTER TABLE customers DROP COLUMN home_address;
DROP TYPE address;
CREATE DOMAIN address AS text;
ALTER TABLE customers ADD COLUMN home_address address;
REVOKE USAGE ON TYPE address FROM PUBLIC;
