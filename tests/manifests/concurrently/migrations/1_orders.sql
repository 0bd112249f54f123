CREATE TABLE IF NOT EXISTS orders (number integer NOT NULL);
