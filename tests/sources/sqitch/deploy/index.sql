-- Deploy blog:index to pg

CREATE INDEX CONCURRENTLY posts_author ON posts (author);
