-- Somebody took it for unused: the task queue's workers scan the whole table.
DROP INDEX idx_ai_task_queue_status_schedule;
