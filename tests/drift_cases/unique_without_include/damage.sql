ALTER TABLE customers DROP CONSTRAINT customers_mail_once;
ALTER TABLE customers ADD CONSTRAINT customers_mail_once UNIQUE (mail);
