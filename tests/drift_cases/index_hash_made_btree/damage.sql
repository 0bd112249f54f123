DROP INDEX customers_by_mail;
CREATE INDEX customers_by_mail ON customers (mail);
