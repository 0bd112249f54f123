ALTER VIEW vault.owners RENAME COLUMN owner TO role;
