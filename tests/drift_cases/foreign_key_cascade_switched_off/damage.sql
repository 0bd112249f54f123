-- The other end of the same: deleting a workflow leaves its reflections behind.
ALTER TABLE skill_workflows DISABLE TRIGGER ALL;
