-- The session that most likely holds a lock for which a statement waited: at most one row, with its process id, role,
-- application name, and when its query began. It holds a lock on a relation whose name is in the statement; the strongest
-- lock comes first.
SELECT
  a.pid,
  a.usename::text AS role_name,
  a.application_name,
  pg_catalog.to_char(a.query_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS query_start
FROM pg_catalog.pg_locks AS l
INNER JOIN pg_catalog.pg_class AS c ON l.relation = c.oid
INNER JOIN pg_catalog.pg_stat_activity AS a ON l.pid = a.pid
WHERE
  l.granted
  AND l.locktype = 'relation'
  AND a.datname = pg_catalog.current_database()
  AND l.pid <> pg_catalog.pg_backend_pid()
  AND c.relnamespace <> 'pg_catalog'::pg_catalog.regnamespace
  AND pg_catalog.strpos(%(statement)s, c.relname::text) > 0
ORDER BY
  pg_catalog.array_position(
    ARRAY[
      'AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock',
      'RowExclusiveLock', 'RowShareLock', 'AccessShareLock'
    ],
    l.mode
  ),
  a.query_start,
  a.pid
LIMIT 1
