-- As left by a canceled CREATE INDEX CONCURRENTLY: it exists, but no query uses it.
UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = 'idx_agent_event_logs_tool'::regclass;
