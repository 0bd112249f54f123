CREATE VIEW vault.latest AS SELECT 1 AS one;
