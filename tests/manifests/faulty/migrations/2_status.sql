ALTER TABLE rules ADD COLUMN status text;
