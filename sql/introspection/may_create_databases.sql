-- Whether the session's current role may create databases: one row.
SELECT r.rolsuper OR r.rolcreatedb AS may_create
FROM pg_catalog.pg_roles AS r
WHERE r.rolname = CURRENT_USER
