-- Nothing else was done.
SELECT 1;
