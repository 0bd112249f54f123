-- What AgentSkillLibraryService runs.

-- name: list workflows
SELECT DISTINCT ON (name)
  id, name, version, description, entrypoint, parameters, created_at, updated_at
FROM skill_workflows
ORDER BY name, version DESC;

-- name: fetch workflow
SELECT id, name, version, description, entrypoint, parameters, created_at, updated_at
FROM skill_workflows
WHERE name = $1
ORDER BY version DESC
LIMIT 1;

-- name: save workflow
INSERT INTO skill_workflows (name, version, description, entrypoint, parameters)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name, version) DO UPDATE
SET
  description = excluded.description,
  entrypoint = excluded.entrypoint,
  parameters = excluded.parameters,
  updated_at = NOW()
RETURNING id, name, version, description, entrypoint, parameters, created_at, updated_at;

-- name: add run reflection
INSERT INTO skill_run_reflections (
  skill_workflow_id, run_id, outcome, success, verification_payload, latency_ms
)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id, skill_workflow_id, run_id, outcome, success, verification_payload, latency_ms, created_at;
