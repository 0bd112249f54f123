-- As after an update of the server's package. The manifest says no version.
UPDATE pg_extension SET extversion = '1.10' WHERE extname = 'pg_trgm';
