-- Unique all the same, but ON CONFLICT ON CONSTRAINT does not find it.
ALTER TABLE skill_workflows DROP CONSTRAINT skill_workflows_name_version_key;
CREATE UNIQUE INDEX skill_workflows_name_version_key ON skill_workflows (name, version);
