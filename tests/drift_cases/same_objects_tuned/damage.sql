-- How rows are stored, planned for, described and granted is each tenant's own affair.
ALTER TABLE ai_messages SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);
ALTER TABLE ai_messages ALTER COLUMN content SET STATISTICS 1000, ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE ai_messages CLUSTER ON idx_ai_messages_conversation;
ALTER TABLE ai_messages REPLICA IDENTITY FULL;
CREATE STATISTICS messages_by_role ON conversation_id, role FROM ai_messages;
COMMENT ON TABLE ai_messages IS 'What was said';
COMMENT ON COLUMN ai_messages.content IS 'Word for word';
GRANT SELECT ON ai_messages TO pg_monitor;
INSERT INTO agent_event_logs (source, event_type) SELECT 'worker', 'start' FROM generate_series(1, 100);
REINDEX TABLE agent_event_logs;
ANALYZE;
