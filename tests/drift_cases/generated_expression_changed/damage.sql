ALTER TABLE customers DROP COLUMN mail_folded;
ALTER TABLE customers ADD COLUMN mail_folded text GENERATED ALWAYS AS (upper(mail)) STORED;
