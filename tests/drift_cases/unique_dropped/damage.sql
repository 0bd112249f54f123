-- The upsert on (name, version) fails: there is nothing to conflict with.
ALTER TABLE skill_workflows DROP CONSTRAINT skill_workflows_name_version_key;
