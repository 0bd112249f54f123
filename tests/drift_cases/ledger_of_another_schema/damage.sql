-- The ledger's rows are another home schema's, of the same database.
UPDATE pgfleet.ledger SET home_schema = 'elsewhere';
DROP TABLE skill_run_reflections, skill_workflows, agent_event_logs;
