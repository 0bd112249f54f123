-- The server alters no table whose rows other tables contain, here in arrays.
ALTER TABLE lists ALTER COLUMN number TYPE smallint;
CREATE TABLE kept_lists (lists lists []);
