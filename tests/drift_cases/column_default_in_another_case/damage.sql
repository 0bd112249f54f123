-- The workers look for 'pending'.
ALTER TABLE ai_task_queue ALTER COLUMN status SET DEFAULT 'Pending';
