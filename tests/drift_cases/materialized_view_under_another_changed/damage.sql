DROP MATERIALIZED VIEW totals CASCADE;
CREATE MATERIALIZED VIEW totals AS SELECT player, count(*) + 1 AS number FROM goals GROUP BY player;
CREATE UNIQUE INDEX totals_player ON totals (player);
CREATE MATERIALIZED VIEW big_totals AS SELECT player FROM totals WHERE number > 10;
