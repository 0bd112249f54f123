-- Restored from a backup of other tables: the ledger came along, the tables did not.
DROP TABLE skill_run_reflections, skill_workflows, agent_event_logs;
