"""The hazards of scripts: a table of SQL and the codes that it must have, and no others."""

import pytest

from pgfleet.hazards.codes import ADVICE, MEANINGS, HazardCode
from pgfleet.hazards.created import Created
from pgfleet.hazards.scripts import Scripts
from pgfleet.hazards.statements import HANDLERS, hazards_of
from pgfleet.parser import ast

DELETES, OVERWRITES, DYNAMIC = HazardCode.DELETES_DATA, HazardCode.OVERWRITES_DATA, HazardCode.DYNAMIC_SQL
SERVER, LOCKS, REWRITES = HazardCode.AFFECTS_SERVER, HazardCode.LOCK_ACCESS_EXCLUSIVE, HazardCode.REWRITES_TABLE
SCANS, BLOCKS, BACKFILLS = HazardCode.SCANS_TABLE, HazardCode.BLOCKS_WRITES, HazardCode.BACKFILLS_ROWS
FAILS, BREAKS = HazardCode.MAY_FAIL_ON_ROWS, HazardCode.BREAKS_CLIENTS
PRIVILEGES, CASCADES = HazardCode.CHANGES_PRIVILEGES, HazardCode.CASCADES

TYPED = "CREATE TABLE IF NOT EXISTS t (i int, big bigint, n numeric(10, 4), v varchar(20), s text, d timestamptz); "
"""For an earlier script: the types of a table that exists."""

INNOCENT = r"""
SELECT 1

CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL DEFAULT 'x' CHECK (a <> ''))

CREATE TABLE IF NOT EXISTS t (id int); CREATE INDEX IF NOT EXISTS i ON t (id)

CREATE TABLE t (id int, a text, b text); CREATE UNIQUE INDEX i ON t (id); ALTER TABLE t ADD c int NOT NULL;
ALTER TABLE t ALTER id TYPE bigint

CREATE TABLE t (id int, a text, b text); INSERT INTO t SELECT * FROM other; UPDATE t SET a = NULL;
DELETE FROM t; TRUNCATE t; DROP TABLE t

CREATE TABLE t (id int, a text, b text); ALTER TABLE t RENAME TO u; DROP TABLE u

CREATE TABLE t (id int, a text, b text); ALTER TABLE t DROP COLUMN a

CREATE TEMP TABLE x (id int); DELETE FROM x; DROP TABLE x

CREATE TEMP TABLE x AS SELECT 1 AS id; UPDATE x SET id = NULL

SELECT 1 AS id INTO x; DELETE FROM x

CREATE SCHEMA s; CREATE TABLE s.x (id int); DROP TABLE s.x

CREATE VIEW v AS SELECT 1; CREATE OR REPLACE VIEW v AS SELECT 2

CREATE TYPE mood AS ENUM ('good'); ALTER TYPE mood ADD VALUE 'bad'

CREATE EXTENSION IF NOT EXISTS pg_trgm

INSERT INTO rules (name) VALUES ('DROP TABLE users'), ('please delete from the cart') ON CONFLICT DO NOTHING

COMMENT ON TABLE users IS 'TRUNCATE this; DROP TABLE users'

SELECT pg_advisory_xact_lock(hashtextextended('ai', 0))

SELECT set_config('app.x', '1', true)

DO $$ BEGIN IF to_regtype('mood') IS NULL THEN CREATE TYPE mood AS ENUM ('good'); END IF; END $$

DO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$

DO $$ BEGIN RAISE NOTICE 'dropping nothing'; END $$

CREATE FUNCTION wipe_out() RETURNS void LANGUAGE sql AS 'DELETE FROM users'

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f()

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.a := now(); RETURN NEW; END'

ALTER TABLE users ALTER COLUMN a SET STATISTICS 500

CREATE SEQUENCE s; ALTER SEQUENCE s CACHE 10

DROP TYPE IF EXISTS mood; DROP DOMAIN IF EXISTS email; DROP SCHEMA IF EXISTS empty

DROP EXTENSION IF EXISTS pg_trgm

EXPLAIN DELETE FROM users

SET lock_timeout = '2s'; RESET lock_timeout

CREATE MATERIALIZED VIEW m AS SELECT 1 AS id

CREATE PUBLICATION p FOR TABLE users

CREATE STATISTICS st ON a, b FROM users

CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT

CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%')
""".strip().split("\n\n")

HAZARDOUS = [
    # Columns.
    ("ALTER TABLE users ADD COLUMN a text", {LOCKS}),
    ("ALTER TABLE users ADD COLUMN a text NOT NULL DEFAULT 'x'", {LOCKS}),
    ("ALTER TABLE users ADD COLUMN a timestamptz DEFAULT now()", {LOCKS}),
    ("ALTER TABLE users ADD COLUMN a timestamptz DEFAULT clock_timestamp()", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a uuid DEFAULT gen_random_uuid()", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a int NOT NULL", {LOCKS, FAILS}),
    ("ALTER TABLE users ADD COLUMN a bigserial", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a int GENERATED ALWAYS AS IDENTITY", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a int GENERATED ALWAYS AS (b * 2) STORED", {LOCKS, REWRITES}),
    ("ALTER TABLE users ADD COLUMN a int UNIQUE", {LOCKS, SCANS}),
    ("ALTER TABLE users ADD COLUMN a int REFERENCES orgs", {LOCKS, BLOCKS, SCANS}),
    ("ALTER TABLE users ADD COLUMN a int DEFAULT 1 CHECK (a > 0)", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE users DROP COLUMN a", {LOCKS, DELETES, BREAKS}),
    ("ALTER TABLE users ADD COLUMN b int, DROP COLUMN IF EXISTS a CASCADE", {LOCKS, DELETES, BREAKS, CASCADES}),
    ("ALTER TABLE users ALTER COLUMN a SET NOT NULL", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE users ALTER COLUMN a DROP NOT NULL", {LOCKS}),
    ("ALTER TABLE users ALTER COLUMN a SET DEFAULT 1", {LOCKS}),
    ("ALTER TABLE users RENAME COLUMN a TO b", {LOCKS, BREAKS}),
    ("ALTER TABLE users RENAME TO people", {LOCKS, BREAKS}),
    ("ALTER TABLE users SET SCHEMA archive", {LOCKS, BREAKS}),
    ("ALTER TABLE users SET UNLOGGED", {LOCKS, REWRITES, DELETES}),
    ("ALTER TABLE users SET TABLESPACE fast", {LOCKS, REWRITES}),
    ("ALTER TABLE users OWNER TO app", {LOCKS, PRIVILEGES}),
    ("ALTER TABLE users DISABLE ROW LEVEL SECURITY", {LOCKS, PRIVILEGES}),
    ("ALTER TABLE users DISABLE TRIGGER ALL", {BLOCKS}),
    ("ALTER TYPE address DROP ATTRIBUTE street", {DELETES}),
    # Constraints and indexes.
    ("ALTER TABLE users ADD CHECK (a > 0)", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID", {LOCKS}),
    ("ALTER TABLE users VALIDATE CONSTRAINT c", {SCANS, FAILS}),
    ("ALTER TABLE users ADD UNIQUE (a)", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE users ADD CONSTRAINT c UNIQUE USING INDEX i", {LOCKS}),
    ("ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES orgs", {BLOCKS, SCANS, FAILS}),
    ("ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES orgs NOT VALID", {BLOCKS}),
    ("ALTER TABLE users DROP CONSTRAINT c", {LOCKS}),
    ("CREATE TABLE x (a int REFERENCES users)", {BLOCKS}),
    ("CREATE INDEX i ON users (a)", {BLOCKS, SCANS}),
    ("CREATE UNIQUE INDEX i ON users (a)", {BLOCKS, SCANS, FAILS}),
    ("CREATE INDEX CONCURRENTLY i ON users (a)", {SCANS}),
    ("DROP INDEX i", {LOCKS}),
    ("DROP INDEX CONCURRENTLY i", set()),
    ("REINDEX TABLE users", {BLOCKS, SCANS}),
    # Other objects.
    ("CREATE TRIGGER g BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()", {BLOCKS}),
    ("DROP TRIGGER g ON users", {LOCKS}),
    ("CREATE POLICY p ON users USING (true)", {LOCKS, PRIVILEGES}),
    ("DROP POLICY p ON users", {LOCKS, PRIVILEGES}),
    ("CREATE RULE r AS ON INSERT TO users DO INSTEAD NOTHING", {LOCKS}),
    ("DROP VIEW v", {BREAKS}),
    ("DROP VIEW v CASCADE", {BREAKS, CASCADES}),
    ("DROP FUNCTION f(int)", {BREAKS}),
    ("DROP SEQUENCE s", {BREAKS, OVERWRITES}),
    ("ALTER SEQUENCE s RESTART", {OVERWRITES}),
    ("SELECT setval('s', 1)", {OVERWRITES}),
    ("ALTER TYPE mood RENAME VALUE 'good' TO 'fine'", {BREAKS}),
    ("ALTER DOMAIN email ADD CHECK (VALUE <> '')", {SCANS, FAILS}),
    ("REFRESH MATERIALIZED VIEW m", {LOCKS, REWRITES}),
    ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", {REWRITES}),
    ("VACUUM FULL users", {LOCKS, REWRITES}),
    ("CLUSTER users USING i", {LOCKS, REWRITES}),
    ("LOCK TABLE users", {LOCKS}),
    ("LOCK TABLE users IN SHARE MODE", {BLOCKS}),
    ("LOCK TABLE users IN ROW EXCLUSIVE MODE", set()),
    ("GRANT SELECT ON users TO app", {PRIVILEGES}),
    ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app", {PRIVILEGES}),
    ("CREATE ROLE app", {PRIVILEGES, SERVER}),
    ("SET ROLE app", {PRIVILEGES}),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", {PRIVILEGES}),
    ("ALTER SYSTEM SET work_mem = '1GB'", {SERVER}),
    ("COPY users FROM '/tmp/users.csv'", {SERVER}),
    ("CREATE TABLE p2 PARTITION OF measurements FOR VALUES FROM (1) TO (2)", {LOCKS}),
    ("ALTER TABLE measurements ATTACH PARTITION old DEFAULT", {LOCKS, SCANS, FAILS}),
    ("ALTER TABLE measurements DETACH PARTITION old", {LOCKS, DELETES}),
    ("ALTER TABLE measurements DETACH PARTITION old CONCURRENTLY", {DELETES}),
    ("ALTER EXTENSION postgis UPDATE", {DYNAMIC}),
    ("SELECT legacy_maintenance()", {DYNAMIC}),
    ("CALL legacy_maintenance()", {DYNAMIC}),
    # Rows.
    ("INSERT INTO users SELECT * FROM staging", {BACKFILLS}),
    ("INSERT INTO users (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1", {OVERWRITES}),
    ("UPDATE users SET a = lower(a)", {BACKFILLS, OVERWRITES}),
    ("UPDATE users SET a = 'x' WHERE b = 1", {BACKFILLS, OVERWRITES}),
    ("UPDATE users SET a = 'x'", {BACKFILLS, DELETES}),
    ("UPDATE users SET a = NULL WHERE a = ''", {BACKFILLS, OVERWRITES}),
    ("UPDATE users SET a = NULL WHERE a IN ('', '-') AND b > 1", {BACKFILLS, OVERWRITES}),
    ("UPDATE users SET a = NULL WHERE id > 0", {BACKFILLS, DELETES}),
    ("UPDATE users SET (b, a) = (b, NULL)", {BACKFILLS, OVERWRITES, DELETES}),
    ("ALTER TABLE users ADD c text; UPDATE users SET c = a", {LOCKS, BACKFILLS}),
    ("ALTER TABLE users ADD IF NOT EXISTS c text; UPDATE users SET c = a WHERE c IS NULL", {LOCKS, BACKFILLS}),
    ("MERGE INTO users USING s ON s.id = users.id WHEN MATCHED THEN UPDATE SET a = s.a", {BACKFILLS, OVERWRITES}),
    ("MERGE INTO users USING s ON s.id = users.id WHEN NOT MATCHED THEN INSERT VALUES (1)", {BACKFILLS}),
    # Code.
    ("DO $$ BEGIN EXECUTE 'CREATE TABLE x (id int)'; END $$", {DYNAMIC}),
    (
        "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', 'a'); END $$",
        {DYNAMIC, LOCKS, PRIVILEGES},
    ),
    (
        """DO $$ DECLARE r record; BEGIN
        FOR r IN SELECT format('GRANT SELECT ON %I TO app', relname) AS cmd FROM pg_class LOOP EXECUTE r.cmd; END LOOP;
        END $$""",
        {DYNAMIC, PRIVILEGES},
    ),
    (
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'UPDATE users SET a = lower(a)'; SELECT f()",
        {DYNAMIC, BACKFILLS, OVERWRITES},
    ),
]

DELETING = r"""
DROP TABLE users

DROP TABLE IF EXISTS public.users CASCADE

DROP SCHEMA app CASCADE

DROP TYPE mood CASCADE

DROP DOMAIN email CASCADE

DROP EXTENSION citext CASCADE

DROP EXTENSION postgis

DROP OWNED BY app

DROP DATABASE other

TRUNCATE users

DELETE FROM users WHERE false

WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone

WITH gone AS (DELETE FROM users RETURNING *) INSERT INTO archive SELECT * FROM gone

CREATE TABLE x AS WITH b AS (DELETE FROM users RETURNING 1 AS n) SELECT * FROM b

COPY (DELETE FROM users RETURNING *) TO '/dev/null'

EXPLAIN ANALYZE DELETE FROM users

PREPARE p AS DELETE FROM users; EXECUTE p

MERGE INTO users USING s ON s.id = users.id WHEN MATCHED THEN DELETE

SELECT lo_unlink(1)

SELECT count(lo_unlink(loid)) FROM pg_largeobject_metadata

SELECT drop_chunks('measurements', interval '1 year')

COPY users TO PROGRAM 'psql -c whatever'

UPDATE pg_class SET relname = 'gone' WHERE relname = 'users'

CREATE TABLE t (id int, a text, b text); DROP TABLE t; DROP TABLE t

CREATE TABLE IF NOT EXISTS users (id int); DROP TABLE users

CREATE TABLE IF NOT EXISTS users (id int); UPDATE users SET id = NULL

CREATE TABLE t (id int, a text, b text); ALTER TABLE t RENAME TO old; ALTER TABLE users RENAME TO t;
DROP TABLE t

CREATE TABLE t (id int, a text, b text); ALTER TABLE users SET SCHEMA s; DROP TABLE s.t

CREATE TEMP TABLE users (id int); DROP TABLE users; TRUNCATE users

CREATE TEMP TABLE users (id int); DISCARD TEMP; TRUNCATE users

CREATE TEMP TABLE users (id int) ON COMMIT DROP; DROP TABLE users

CREATE TEMP TABLE users (id int); DROP TABLE public.users

CREATE TABLE users (id int); SET search_path = other; DROP TABLE users

CREATE SCHEMA s; CREATE TABLE s.t (); ALTER SCHEMA s RENAME TO r; ALTER SCHEMA app RENAME TO s; DROP TABLE s.t

ALTER TABLE users ADD x int; ALTER TABLE users RENAME x TO y; ALTER TABLE users RENAME email TO x;
ALTER TABLE users DROP COLUMN x

ALTER TABLE users ADD COLUMN IF NOT EXISTS email text; ALTER TABLE users DROP COLUMN email

DO $$ BEGIN IF false THEN CREATE TABLE users (id int); END IF; END $$; DROP TABLE users

CREATE TABLE t (id int, a text, b text); DO $$ BEGIN ALTER TABLE t RENAME TO o; ALTER TABLE users RENAME TO t;
END $$; DROP TABLE t

CREATE TABLE t (id int, a text, b text);
CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'ALTER TABLE t RENAME TO o; ALTER TABLE users RENAME TO t';
SELECT f(); DROP TABLE t

CREATE TABLE t (id int, a text, b text); ALTER TABLE users INHERIT t; DELETE FROM t

CREATE TABLE t (id int, a text, b text); ALTER TABLE users INHERIT t; DROP TABLE t CASCADE

CREATE TABLE t (id int, a text, b text); ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES t ON DELETE CASCADE;
DELETE FROM t

CREATE TABLE t (id int, a text, b text); TRUNCATE t CASCADE

CREATE TABLE p (id int) PARTITION BY LIST (id); ALTER TABLE p ATTACH PARTITION users DEFAULT; DROP TABLE p

CREATE SCHEMA s; ALTER TABLE users SET SCHEMA s; DROP SCHEMA s CASCADE

ALTER TABLE users NO INHERIT people

DO $$ BEGIN DROP TABLE users; END $$

DO $$ BEGIN IF true THEN PERFORM 1; ELSE BEGIN DELETE FROM users; END; END IF; END $$

DO 'BEGIN EXECUTE ''DROP TABLE users''; END'

DO $$ BEGIN EXECUTE 'DR' || 'OP TABLE users'; END $$

DO $$ BEGIN EXECUTE 'DROP /* */ TABLE users'; END $$

DO $$ BEGIN EXECUTE E'\x44ROP TABLE users'; END $$

DO $$ BEGIN EXECUTE concat('TRUN', 'CATE users'); END $$

DO $$ BEGIN EXECUTE chr(68) || 'ROP TABLE users'; END $$

DO $$ BEGIN EXECUTE reverse('sresu ELBAT PORD'); END $$

DO $$ BEGIN EXECUTE convert_from(decode('44524f50', 'hex'), 'UTF8'); END $$

DO $$ BEGIN EXECUTE format('%s TABLE users', 'DROP'); END $$

DO $$ BEGIN EXECUTE format('ALTER TABLE users %s', current_setting('app.what')); END $$

DO $$ DECLARE c text := 'DROP '; BEGIN c := c || 'TABLE users'; EXECUTE c; END $$

DO $$ DECLARE c text; BEGIN SELECT command INTO c FROM commands; EXECUTE c; END $$

DO $$ DECLARE c text; BEGIN FOREACH c IN ARRAY ARRAY['SELECT 1', 'TRUNCATE users'] LOOP EXECUTE c; END LOOP;
END $$

DO $$ DECLARE c text; BEGIN FOR c IN SELECT format('DROP TABLE %I', relname) FROM pg_class LOOP EXECUTE c;
END LOOP; END $$

DO $d$ BEGIN EXECUTE 'DO $$ BEGIN DELETE FROM users; END $$'; END $d$

DO LANGUAGE plpython3u $$ plpy.execute('DR' + 'OP TABLE users') $$

CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; END'; SELECT f()

CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM users; END; SELECT f()

CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM users'; ALTER FUNCTION f() RENAME TO g;
SELECT g()

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT f()'; ALTER TABLE t ADD x int DEFAULT g()

CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN TRUNCATE users; END'; CALL p()

DO $$ BEGIN CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM users'; PERFORM f(); END $$

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN NEW; END';
CREATE TRIGGER g AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO log VALUES (1)

CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; END';
CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()

CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
CREATE AGGREGATE sums (int) (sfunc = f, stype = int)

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; CREATE VIEW v AS SELECT f()

CREATE RULE r AS ON INSERT TO log DO ALSO DELETE FROM users

SELECT query_to_xml('DELETE FROM users RETURNING 1', true, false, '')

SELECT query_to_xml(convert_from('\x44', 'UTF8'), true, false, '')

SELECT dblink_exec('', 'DROP TABLE users')

SELECT cron.schedule('gone', '* * * * *', 'DELETE FROM users')

ALTER TABLE users ALTER COLUMN a TYPE varchar(3) USING a::varchar(3)

ALTER TABLE users ALTER COLUMN a TYPE int USING 0

ALTER TABLE users ALTER COLUMN a TYPE text USING NULL

UPDATE users SET email = NULL

UPDATE users SET email = NULL WHERE true

UPDATE users SET email = DEFAULT

UPDATE users SET email = NULL::text WHERE id IS NOT NULL

WITH RECURSIVE r AS (SELECT 1), d AS (DELETE FROM users) SELECT 1

INSERT INTO log SELECT * FROM (WITH d AS (SELECT 1) SELECT 1) x;
WITH d AS (DELETE FROM users RETURNING 1) UPDATE log SET a = 1 WHERE id IN (SELECT * FROM d)

MERGE INTO t USING s ON true WHEN NOT MATCHED BY SOURCE THEN DELETE

DO $$ BEGIN EXECUTE $q$DROP TABLE users$q$; END $$

DO $$ BEGIN EXECUTE 'drop' || chr(32) || 'table users'; END $$

DO $$ BEGIN EXECUTE translate('XROP TABLE users','X','D'); END $$

DO $$ BEGIN EXECUTE U&'\0044ROP TABLE users'; END $$

DO $$ BEGIN EXECUTE (SELECT cmd FROM commands LIMIT 1); END $$

DO $$ BEGIN EXECUTE array_to_string(ARRAY['DROP','TABLE','users'],' '); END $$

DO $$ BEGIN EXECUTE concat_ws(' ','DROP','TABLE','users'); END $$

DO $$ BEGIN EXECUTE lower('DROP TABLE users'); END $$

DO $$ BEGIN EXECUTE substring('xDROP TABLE users' from 2); END $$

DO $$ BEGIN EXECUTE format('%2$s %1$s users','TABLE','DROP'); END $$

DO $$ BEGIN EXECUTE format('%s', 'DROP TABLE users'); END $$

DO $$ BEGIN EXECUTE CASE WHEN true THEN 'DROP TABLE users' ELSE 'SELECT 1' END; END $$

DO $$ DECLARE c CONSTANT text := 'DROP TABLE users'; BEGIN EXECUTE c; END $$

DO $$ DECLARE a text := 'DROP'; b text := 'TABLE users'; BEGIN EXECUTE a || ' ' || b; END $$

DO $$ DECLARE a text; BEGIN a = 'DROP TABLE users'; EXECUTE a; END $$

DO $$ DECLARE a text[]; BEGIN a[1] := 'DROP TABLE users'; EXECUTE a[1]; END $$

DO $$ DECLARE r record; BEGIN SELECT 'DROP TABLE users' AS c INTO r; EXECUTE r.c; END $$

DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT ''DROP TABLE users''::text AS c' LOOP EXECUTE r.c;
END LOOP; END $$

DO $$ DECLARE c refcursor; r text; BEGIN OPEN c FOR EXECUTE 'DELETE FROM users RETURNING a'; END $$

DO $$ DECLARE c CURSOR FOR SELECT 1; BEGIN FOR x IN c LOOP DELETE FROM users; END LOOP; END $$

DO $$ BEGIN BEGIN PERFORM 1/0; EXCEPTION WHEN division_by_zero THEN TRUNCATE users; END; END $$

DO $$ BEGIN CASE WHEN true THEN DELETE FROM users; END CASE; END $$

DO $$ BEGIN WHILE true LOOP DELETE FROM users; EXIT; END LOOP; END $$

DO $$ DECLARE n int; BEGIN WITH d AS (DELETE FROM users RETURNING 1) SELECT count(*) INTO n FROM d; END $$

DO $$ DECLARE n int := (SELECT f()); BEGIN NULL; END $$;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; SELECT f()

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; SELECT * FROM f()

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; INSERT INTO log VALUES (f())

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; CREATE TABLE x AS SELECT f()

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
ALTER TABLE x ADD CHECK (f() > 0)

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; CREATE INDEX i ON t (f())

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
CREATE MATERIALIZED VIEW m AS SELECT f()

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
ALTER TABLE x ALTER a TYPE int USING f()

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
DO $$ BEGIN IF f() > 0 THEN NULL; END IF; END $$

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; DO $$ DECLARE x int;
BEGIN x := f(); END $$

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; DO $$ DECLARE x int := f();
BEGIN END $$

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
DO $$ BEGIN EXECUTE 'SELECT f()'; END $$

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
DO $$ BEGIN RAISE NOTICE '%', f(); END $$

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; PREPARE p AS SELECT f();
EXECUTE p

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
DECLARE c CURSOR FOR SELECT f(); FETCH c

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
COPY (SELECT f()) TO '/dev/null'

CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1'; SELECT app.f()

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
ALTER FUNCTION f() SET SCHEMA app; SELECT app.f()

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
CREATE DOMAIN d AS int CHECK (f() > 0); SELECT 1::d

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
CREATE TABLE t (a int DEFAULT f()); INSERT INTO t DEFAULT VALUES

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
ALTER TABLE t ALTER a SET DEFAULT f(); INSERT INTO t DEFAULT VALUES

CREATE FUNCTION f(int,int) RETURNS bool LANGUAGE sql AS 'DELETE FROM users RETURNING true';
CREATE OPERATOR === (FUNCTION = f, LEFTARG = int, RIGHTARG = int); SELECT 1 === 1

CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
CREATE CAST (text AS int) WITH FUNCTION f(text) AS IMPLICIT; SELECT 'a'::text::int

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN TRUNCATE users; RETURN NULL; END';
CREATE TRIGGER x BEFORE TRUNCATE ON fresh EXECUTE FUNCTION f(); CREATE TABLE fresh (); TRUNCATE fresh

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN NULL; END';
CREATE CONSTRAINT TRIGGER x AFTER INSERT ON log DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();
COPY log FROM '/tmp/x'

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN NULL; END';
CREATE TRIGGER x AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION f(); DO $$ BEGIN INSERT INTO log VALUES (1);
END $$

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN NULL; END';
CREATE TRIGGER x AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE log RENAME TO log2;
INSERT INTO log2 VALUES (1)

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN NULL; END';
CREATE TRIGGER x INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO v VALUES (1)

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN NULL; END';
DO $$ BEGIN CREATE TRIGGER x AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION f(); END $$;
INSERT INTO log VALUES (1)

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN NULL; END';
DO $$ BEGIN EXECUTE 'CREATE TRIGGER x AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION f()'; END $$;
INSERT INTO log VALUES (1)

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN NULL; END';
CREATE TRIGGER x AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION f();
CREATE TABLE p PARTITION OF parts DEFAULT; INSERT INTO p VALUES (1)

CREATE RULE r AS ON UPDATE TO log DO INSTEAD DELETE FROM users; UPDATE log SET a = a || 'x'

CREATE RULE r AS ON UPDATE TO log DO ALSO UPDATE users SET email = NULL; UPDATE log SET a = a || 'x'

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM users RETURNING 1';
CREATE RULE r AS ON INSERT TO log DO ALSO SELECT f(); INSERT INTO log VALUES (1)

CREATE FUNCTION f() RETURNS bool LANGUAGE sql AS 'DELETE FROM users RETURNING true';
CREATE POLICY p ON log USING (f()); SELECT * FROM log

CREATE FUNCTION f() RETURNS void LANGUAGE plpython3u AS $$ plpy.execute("DELETE FROM users") $$; SELECT f()

CREATE FUNCTION f() RETURNS void LANGUAGE plperl AS $$ spi_exec_query("DEL"."ETE FROM users") $$; SELECT f()

CREATE FUNCTION f(oid) RETURNS int LANGUAGE internal AS 'be_lo_unlink'; SELECT f(1)

CREATE FUNCTION f(text) RETURNS xml LANGUAGE internal AS 'query_to_xml'; SELECT f('DELETE FROM users')

CREATE TABLE x (LIKE users INCLUDING ALL); INSERT INTO x SELECT * FROM users; DROP TABLE users;
ALTER TABLE x RENAME TO users

CREATE TABLE users_new (id int); ALTER TABLE users RENAME TO users_old; ALTER TABLE users_new RENAME TO users;
DROP TABLE users_old

CREATE TABLE x (a int); ALTER TABLE x RENAME TO y; CREATE TABLE IF NOT EXISTS x (a int); DROP TABLE x

CREATE TABLE x (a int); DROP TABLE x; CREATE TABLE IF NOT EXISTS x (a int); TRUNCATE x

CREATE TEMP VIEW users AS SELECT 1; DROP TABLE users

CREATE TABLE "Users" (id int); DROP TABLE users

CREATE TABLE public.t (id int); DROP TABLE t

CREATE TABLE t (id int); SELECT set_config('search_path', 'other', true); DROP TABLE t

CREATE TABLE t (id int); SET SESSION search_path TO other; TRUNCATE t

CREATE TABLE t (id int); ALTER ROLE x SET search_path = other; DROP TABLE users

CREATE TABLE t (id int); SAVEPOINT s; DROP TABLE users

CREATE TABLE t (id int); CREATE TABLE other.t2 (); ALTER TABLE other.t SET SCHEMA public;
DROP TABLE other.t2, t3

ALTER TABLE users ADD COLUMN x int; ALTER TABLE users DROP COLUMN x, DROP COLUMN y

ALTER TABLE IF EXISTS ONLY users DROP IF EXISTS email

ALTER TABLE users ALTER COLUMN c DROP EXPRESSION, ALTER COLUMN c TYPE smallint USING (random())

ALTER FOREIGN TABLE f DROP COLUMN x; ALTER TABLE users DROP y

ALTER VIEW v RENAME TO w; DROP MATERIALIZED VIEW IF EXISTS m; DROP TABLE users

ALTER TABLE users SET (fillfactor = 50), DROP COLUMN email

ALTER TABLE users ALTER COLUMN price TYPE numeric(5,0)

CREATE TABLE IF NOT EXISTS users (price numeric(10,4)); ALTER TABLE users ALTER COLUMN price TYPE int

CREATE TABLE IF NOT EXISTS users (at timestamp(6)); ALTER TABLE users ALTER COLUMN at TYPE timestamp(0)

CREATE TABLE IF NOT EXISTS users (a int[]); ALTER TABLE users ALTER COLUMN a TYPE smallint USING a[1]

UPDATE users SET email = ''

UPDATE users SET email = NULL FROM other WHERE other.id = users.id

UPDATE ONLY users u SET email = NULL WHERE u.email IS NOT NULL

UPDATE users SET email = '' WHERE 1 = 1

UPDATE users SET email = md5(random()::text)

UPDATE users SET email = (SELECT NULL)

UPDATE users SET (email) = (SELECT NULL::text)

INSERT INTO users (id) SELECT id FROM users ON CONFLICT (id) DO UPDATE SET email = NULL

MERGE INTO users USING s ON true WHEN MATCHED THEN UPDATE SET email = NULL

UPDATE users SET data = '{}'

UPDATE users SET tags[1:100] = NULL

DELETE FROM pg_catalog.pg_largeobject

SELECT lo_unlink(l.oid) FROM pg_largeobject_metadata l

SELECT lo_truncate(lo_open(1, 131072), 0)

SELECT lo_put(1, 0, '\x00')

SELECT dblink_exec('dbname=x', 'TRUN' || 'CATE users')

SELECT * FROM dblink('dbname=x', 'WITH d AS (DELETE FROM users RETURNING 1) SELECT * FROM d') AS t(a int)

SELECT ts_stat('SELECT to_tsvector(x) FROM f() AS x') , cursor_to_xml('c', 1, true, true, '')

SELECT pg_catalog.query_to_xml('dele' || 'te from users', true, true, '')

SELECT partman.undo_partition('x')

CALL partman.drop_partition_time('x')

SELECT remove_old_rows()

SELECT pg_drop_replication_slot('x')

REASSIGN OWNED BY a TO b; DROP OWNED BY a

DROP COLLATION c CASCADE

DROP ACCESS METHOD heap2 CASCADE

DROP EXTENSION hstore CASCADE

DROP EXTENSION pg_cron

ALTER EXTENSION x DROP TABLE y; DROP TABLE y

COPY users FROM PROGRAM 'true'

ALTER TABLE users DISABLE TRIGGER ALL; DELETE FROM users

SET session_replication_role = replica; DELETE FROM orgs

SELECT 1; ; DROP TABLE users;

/* harmless */ DROP/**/TABLE/**/users

drop table "users"

DO LANGUAGE sql 'DELETE FROM users'
""".strip().split("\n\n")

TYPES = [
    ("ALTER i TYPE bigint", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER i TYPE bigint USING i::bigint", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER big TYPE int", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER v TYPE varchar(40)", {LOCKS, BREAKS}),
    ("ALTER v TYPE text", {LOCKS, BREAKS}),
    ("ALTER s TYPE varchar", {LOCKS, BREAKS}),
    ("ALTER v TYPE varchar(10)", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER v TYPE varchar(10) USING v::varchar(10)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER v TYPE varchar(10) USING v::varchar", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER n TYPE text USING n::int", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER v TYPE varchar(10) USING left(v, 10)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER n TYPE numeric(12, 4)", {LOCKS, BREAKS}),
    ("ALTER n TYPE numeric(10, 2)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER n TYPE int", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER s TYPE uuid USING s::uuid", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER s TYPE numeric(10, 2) USING s::numeric(10, 2)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER d TYPE date", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER i TYPE text", {LOCKS, REWRITES, FAILS, BREAKS}),
    ("ALTER unknown TYPE bigint", {LOCKS, REWRITES, FAILS, BREAKS, OVERWRITES}),
    ("ALTER unknown TYPE numeric(5, 0)", {LOCKS, REWRITES, FAILS, BREAKS, DELETES}),
    ("ALTER unknown TYPE text", {LOCKS, REWRITES, FAILS, BREAKS}),
]

HARMLESS = frozenset(
    """
    AlterCollationStmt AlterEventTrigStmt AlterExtensionContentsStmt AlterFdwStmt AlterForeignServerStmt
    AlterObjectDependsStmt AlterOpFamilyStmt AlterOperatorStmt AlterPublicationStmt AlterStatsStmt
    AlterTSConfigurationStmt AlterTSDictionaryStmt AlterTypeStmt AlterUserMappingStmt CallStmt CheckPointStmt
    ClosePortalStmt CommentStmt CompositeTypeStmt ConstraintsSetStmt CreateAmStmt CreateCastStmt
    CreateConversionStmt CreateDomainStmt CreateEnumStmt CreateExtensionStmt CreateFdwStmt CreateForeignServerStmt
    CreateForeignTableStmt CreateOpClassStmt CreateOpFamilyStmt CreatePLangStmt CreatePublicationStmt
    CreateRangeStmt CreateSchemaStmt CreateSeqStmt CreateStatsStmt CreateTableAsStmt CreateTransformStmt
    CreateUserMappingStmt DeallocateStmt DeclareCursorStmt DefineStmt DiscardStmt DoStmt DropUserMappingStmt
    ExecuteStmt ExplainStmt FetchStmt ImportForeignSchemaStmt ListenStmt NotifyStmt PLAssignStmt PrepareStmt RawStmt
    ReplicaIdentityStmt ReturnStmt SelectStmt SetOperationStmt TransactionStmt UnlistenStmt VariableShowStmt
    ViewStmt
    """.split()  # noqa: SIM905 (a list of sixty)
)
"""Queries and definitions; what runs within them is analyzed by itself."""


def codes(sql: str, *, is_pending: bool = True) -> set[HazardCode]:
    """Any earlier script of `sql`'s names knows nothing of the tables."""
    return {each.hazard.code for each in Scripts().read(sql, is_pending=is_pending)}


@pytest.mark.parametrize("sql", INNOCENT)
def test_harmless_statements_have_no_hazards(sql: str) -> None:
    assert codes(sql) == set()


@pytest.mark.parametrize(("sql", "expected"), HAZARDOUS)
def test_each_hazard_is_found_and_no_other(sql: str, expected: set[HazardCode]) -> None:
    assert codes(sql) == expected


@pytest.mark.parametrize("sql", DELETING)
def test_what_deletes_is_found_wherever_it_is(sql: str) -> None:
    assert DELETES in codes(sql)


@pytest.mark.parametrize(("change", "expected"), TYPES)
def test_a_change_of_type_depends_on_the_type_before(change: str, expected: set[HazardCode]) -> None:
    scripts = Scripts()
    scripts.read(TYPED, is_run=False)
    assert {each.hazard.code for each in scripts.read(f"ALTER TABLE t {change}")} == expected


def test_what_an_earlier_script_of_the_plan_created_is_new() -> None:
    scripts = Scripts()
    scripts.read("CREATE TABLE t (id int)")
    assert scripts.read("CREATE INDEX i ON t (id); DELETE FROM t") == ()


def test_what_an_applied_script_created_is_not_new() -> None:
    scripts = Scripts()
    scripts.read("CREATE TABLE t (id int)", is_run=False)
    assert {each.hazard.code for each in scripts.read("CREATE INDEX i ON t (id)")} == {BLOCKS, SCANS}


def test_a_table_that_a_script_creates_if_it_is_missing_exists_when_the_script_runs_again() -> None:
    sql = "CREATE TABLE IF NOT EXISTS t (id int); CREATE INDEX IF NOT EXISTS i ON t (id)"
    assert codes(sql, is_pending=False) == {BLOCKS, SCANS}


def test_a_temporary_table_is_gone_after_its_script() -> None:
    scripts = Scripts()
    scripts.read("CREATE TEMP TABLE users (id int)")
    assert DELETES in {each.hazard.code for each in scripts.read("DROP TABLE users")}


def test_a_function_of_an_applied_script_is_known() -> None:
    scripts = Scripts()
    scripts.read("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM users'", is_run=False)
    assert {each.hazard.code for each in scripts.read("SELECT f()")} == {DELETES, DYNAMIC}


def test_a_hazard_names_its_line_its_statement_and_its_object() -> None:
    sql = "-- Comment\nCREATE TABLE t (id int);\n\nALTER TABLE users\n  DROP COLUMN email;\n"
    found = next(each for each in Scripts().read(sql) if each.hazard.code is DELETES)
    assert (found.line, found.statement) == (4, "ALTER TABLE users DROP COLUMN email")
    assert (found.hazard.object, found.hazard.detail) == ("users.email", "drops the column with its values")


def test_a_hazard_within_a_block_names_the_line_within_it() -> None:
    sql = "SELECT 1;\n\nDO $$\nBEGIN\n  PERFORM 1;\n  DELETE FROM users;\nEND\n$$;"
    assert {each.line for each in Scripts().read(sql)} == {6}


def test_a_function_that_calls_itself_ends() -> None:
    sql = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM f(); DELETE FROM users; END'; SELECT f()"
    assert DELETES in codes(sql)


def test_every_code_has_a_meaning_and_advice() -> None:
    assert list(MEANINGS) == list(ADVICE) == list(HazardCode)


def test_every_kind_of_statement_is_either_analyzed_or_known_to_be_harmless() -> None:
    """A new version of PostgreSQL with another statement must not pass unseen."""
    kinds = {name for name in ast.CLASSES if name.endswith("Stmt")}
    assert kinds - {each.__name__ for each in HANDLERS} == HARMLESS


def test_a_select_alone_has_no_hazard() -> None:
    assert [*hazards_of(ast.SelectStmt(), Created())] == []
