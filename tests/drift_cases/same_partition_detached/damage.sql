-- A retention job. The server derives a foreign key for each partition of the table that it references.
ALTER TABLE scores DETACH PARTITION scores_2025;
CREATE TABLE scores_2027 PARTITION OF scores FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
