-- Dropped because it seemed unused: the task queue's workers scan the entire table.
DROP INDEX idx_ai_task_queue_status_schedule;
