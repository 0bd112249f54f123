-- As a rollout leaves it.
SELECT 1;
