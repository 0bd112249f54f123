DROP INDEX idx_skill_workflows_name;
CREATE INDEX idx_skill_workflows_name ON skill_workflows USING hash (name);
