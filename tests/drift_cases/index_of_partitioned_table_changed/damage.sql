DROP INDEX events_by_time;
CREATE INDEX events_by_time ON events (at);
