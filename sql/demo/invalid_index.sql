-- As a CREATE INDEX CONCURRENTLY that was cancelled leaves it: there, and of no use.
UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = 'idx_agent_event_logs_tool'::regclass;
