CREATE TABLE archived_conversations (id uuid PRIMARY KEY);
ALTER TABLE skill_run_reflections DROP CONSTRAINT skill_run_reflections_skill_workflow_id_fkey;
ALTER TABLE skill_run_reflections ADD CONSTRAINT skill_run_reflections_skill_workflow_id_fkey
  FOREIGN KEY (skill_workflow_id) REFERENCES archived_conversations (id) ON DELETE CASCADE;
