ALTER TABLE ai_task_queue ALTER COLUMN status SET DEFAULT 'waiting';
