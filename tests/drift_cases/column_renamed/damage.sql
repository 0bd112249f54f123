ALTER TABLE ai_task_queue RENAME COLUMN last_error TO error;
