-- What the workers of the task queue run, in Node and in Python alike: each claim is one transaction of the first two
-- statements after enqueue.

-- name: enqueue task
INSERT INTO ai_task_queue (task_type, payload, conversation_id, scheduled_for)
VALUES ($1, $2, $3, $4)
RETURNING id;

-- name: claim task
SELECT id, conversation_id, task_type, payload, attempts
FROM ai_task_queue
WHERE status = 'pending' AND scheduled_for <= NOW()
ORDER BY scheduled_for
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: start task
UPDATE ai_task_queue
SET status = 'running', attempts = attempts + 1, started_at = NOW()
WHERE id = $1;

-- name: complete task
UPDATE ai_task_queue
SET status = 'completed', completed_at = NOW(), last_error = NULL
WHERE id = $1;

-- name: fail task
UPDATE ai_task_queue
SET status = 'failed', completed_at = NOW(), last_error = $2
WHERE id = $1;
