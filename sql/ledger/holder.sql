-- The holder of a tenant's lock: at most one row, with its application name and process id.
WITH wanted AS (
  SELECT
    pg_catalog.hashtextextended(
      pg_catalog.format('pgfleet %%s %%s', pg_catalog.current_database(), %(home)s::text), 0
    ) AS key
)

SELECT
  a.application_name,
  a.pid
FROM pg_catalog.pg_locks AS l
INNER JOIN wanted AS w
  ON (l.classid::bigint << 32) | l.objid::bigint = w.key
INNER JOIN pg_catalog.pg_stat_activity AS a ON l.pid = a.pid
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
ORDER BY a.pid
LIMIT 1
