-- Taken for unused: the workers scan the whole queue.
DROP INDEX idx_ai_task_queue_status_schedule;
