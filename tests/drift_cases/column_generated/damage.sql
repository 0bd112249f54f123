ALTER TABLE ai_task_queue DROP COLUMN last_error;
ALTER TABLE ai_task_queue ADD COLUMN last_error text GENERATED ALWAYS AS (payload ->> 'error') STORED;
