-- What AgentAnalyticsLogger runs.

-- name: log event
INSERT INTO agent_event_logs (
  source, session_id, conversation_id, tool, event_type, status, error_code, error_message, trace_id, latency_ms,
  metadata, occurred_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);
