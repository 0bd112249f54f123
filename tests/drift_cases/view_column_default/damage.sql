ALTER VIEW tagged_customers ALTER COLUMN name SET DEFAULT 'nobody';
