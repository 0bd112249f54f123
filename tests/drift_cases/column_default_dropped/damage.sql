-- Inserts that leave the status to the database fail.
ALTER TABLE ai_task_queue ALTER COLUMN status DROP DEFAULT;
