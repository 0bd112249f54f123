DROP TABLE events;
CREATE TABLE events (at timestamp with time zone NOT NULL, what text NOT NULL, details jsonb) PARTITION BY LIST (what);
CREATE INDEX events_by_time ON events USING brin (at);
