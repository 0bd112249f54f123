-- The holder of a tenant's lock: at most one row, with its process id, role, application name, and when its query began.
WITH wanted AS (
  SELECT
    pg_catalog.hashtextextended(
      pg_catalog.format('pgfleet %%s %%s', pg_catalog.current_database(), %(home)s::text), 0
    ) AS key
)

SELECT
  a.pid,
  a.usename::text AS role_name,
  a.application_name,
  pg_catalog.to_char(a.query_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS query_start
FROM pg_catalog.pg_locks AS l
INNER JOIN wanted AS w
  ON (l.classid::bigint << 32) | l.objid::bigint = w.key
INNER JOIN pg_catalog.pg_stat_activity AS a ON l.pid = a.pid
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
ORDER BY a.pid
LIMIT 1
