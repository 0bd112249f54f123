-- The second event of a source fails.
DROP INDEX idx_agent_event_logs_source;
CREATE UNIQUE INDEX idx_agent_event_logs_source ON agent_event_logs (source);
