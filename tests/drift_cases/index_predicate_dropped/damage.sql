DROP INDEX idx_agent_event_logs_tool;
CREATE INDEX idx_agent_event_logs_tool ON agent_event_logs (tool);
