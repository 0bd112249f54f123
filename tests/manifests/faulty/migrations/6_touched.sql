UPDATE rules SET runs = runs + 1;
CREATE TABLE IF NOT EXISTS touched (at timestamptz NOT NULL);
INSERT INTO touched VALUES (now());
