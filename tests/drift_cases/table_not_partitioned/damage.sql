-- Its index reads as another one too: it is no longer ON ONLY the parent.
DROP TABLE events;
CREATE TABLE events (at timestamp with time zone NOT NULL, what text NOT NULL, details jsonb);
CREATE INDEX events_by_time ON events USING brin (at);
