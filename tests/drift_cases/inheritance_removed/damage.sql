ALTER TABLE invoices NO INHERIT documents;
