-- A backup by renaming: its indexes keep their names, but on another table.
ALTER TABLE ai_task_queue RENAME TO ai_task_queue_before_upgrade;
