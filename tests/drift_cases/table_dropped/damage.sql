-- The table goes, and takes its columns, indexes, key and trigger with it: one difference, not twenty.
DROP TABLE ai_task_queue;
