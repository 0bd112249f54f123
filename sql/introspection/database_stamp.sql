-- The stamp of all catalogs of a database: one row with a digest, null if pg_attribute is larger than the given number of
-- bytes. While the digest is the same, every query that reads only these catalogs returns the same, and the server runs the
-- same for any query. In a small database, reading it takes the server half as long as objects_stamp.sql; but a change of
-- any object of the database changes it.
--
-- After each change, a row of a catalog is a new version, with the ID of the transaction that wrote it (xmin). No transaction
-- that commits later can have an ID that is there already, so nobody can make a change that keeps the digest. On a server
-- that was reset to an earlier state, IDs are given out twice: sums of hashes of what the rows contain tell those apart.
--
-- VACUUM FULL, CLUSTER, REINDEX, and TRUNCATE write new versions, too, of rows of pg_class, pg_index, and pg_attribute (of
-- columns with a default, whose values they move into the rows), in which nothing that counts here has changed: of those,
-- columns are read. What the server came with, with OIDs below 16384, is not read, nor are TOAST tables and the schemas of
-- temporary tables. The order of rows is that of a scan, or of their OIDs where an index could be used.
WITH own AS MATERIALIZED (
  SELECT
    c.oid,
    c.relkind,
    ROW(
      c.oid, c.relname, c.relnamespace, c.reloftype, c.relowner, c.relam, c.reltablespace, c.relpersistence, c.relkind,
      c.relrowsecurity, c.relforcerowsecurity, c.relispopulated, c.relreplident, c.relispartition, c.relacl, c.reloptions
    )::text AS line
  FROM pg_catalog.pg_class AS c
  WHERE
    c.oid >= 16384
    AND c.relkind <> 't'
    AND c.relnamespace <> 'pg_toast'::pg_catalog.regnamespace
)

SELECT
  CASE
    WHEN
      pg_catalog.pg_relation_size('pg_catalog.pg_attribute'::pg_catalog.regclass) <= %(most_bytes)s
      THEN
        pg_catalog.encode(
          pg_catalog.sha256(
            pg_catalog.convert_to(
              pg_catalog.concat_ws(
                '/',
                (SELECT pg_catalog.string_agg(c.line, '' ORDER BY c.oid) FROM own AS c),
                (
                  SELECT
                    pg_catalog.concat(
                      pg_catalog.array_agg(a.xmin) FILTER (WHERE NOT a.atthasdef),
                      pg_catalog.sum(pg_catalog.hash_record_extended(ROW(a.attname, a.atttypid, a.atttypmod, a.attnotnull), 0)),
                      pg_catalog.string_agg(
                        ROW(
                          a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull,
                          a.attidentity, a.attgenerated, a.attisdropped, a.attacl
                        )::text,
                        ''
                      ) FILTER (WHERE a.atthasdef)
                    )
                  FROM (
                    SELECT a.*, a.xmin
                    FROM pg_catalog.pg_attribute AS a
                    WHERE
                      a.attrelid >= 16384
                      AND (a.attnum > 0 OR a.attacl IS NOT NULL)
                      AND a.attrelid IN (SELECT c.oid FROM own AS c)
                    ORDER BY a.attrelid, a.attnum
                  ) AS a
                ),
                (
                  SELECT
                    pg_catalog.concat(
                      pg_catalog.string_agg(
                        ROW(
                          i.indexrelid, i.indisunique, i.indisprimary, i.indisexclusion, i.indimmediate, i.indisvalid, i.indisready,
                          i.indislive, i.indisreplident
                        )::text,
                        '' ORDER BY i.indexrelid
                      ),
                      pg_catalog.sum(
                        pg_catalog.hash_record_extended(
                          ROW(
                            i.indkey::text, i.indclass, i.indcollation, i.indoption::text, i.indexprs::text, i.indpred::text,
                            CASE WHEN i.indisunique THEN pg_catalog.to_jsonb(i.*) ->> 'indnullsnotdistinct' END
                          ),
                          0
                        )
                      )
                    )
                  FROM pg_catalog.pg_index AS i
                  WHERE i.indexrelid IN (SELECT c.oid FROM own AS c WHERE c.relkind IN ('i', 'I'))
                ),
                ARRAY(
                  SELECT d.xmin
                  FROM pg_catalog.pg_depend AS d
                  WHERE d.classid <> 'pg_catalog.pg_class'::pg_catalog.regclass OR d.objid IN (SELECT c.oid FROM own AS c)
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(n.xmin),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(n.nspname, n.nspowner, n.nspacl), 0))
                  )
                  FROM pg_catalog.pg_namespace AS n
                  WHERE n.nspname !~ '^pg_(toast_)?temp_'
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(d.xmin),
                    pg_catalog.sum(pg_catalog.hashtextextended(d.adbin::text, 0))
                  )
                  FROM pg_catalog.pg_attrdef AS d
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(k.xmin),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(
                      k.conname, k.contype, k.condeferrable, k.condeferred, k.convalidated, k.connoinherit, k.conindid,
                      k.confupdtype, k.confdeltype, k.confmatchtype, k.conkey, k.confkey, k.conbin::text
                    ), 0)) FILTER (WHERE k.contype <> 'n')
                  )
                  FROM pg_catalog.pg_constraint AS k
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(h.xmin),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(h.inhparent, h.inhseqno), 0))
                  )
                  FROM pg_catalog.pg_inherits AS h
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(p.xmin),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(
                      p.partattrs::text, p.partclass, p.partcollation, p.partexprs::text
                    ), 0))
                  )
                  FROM pg_catalog.pg_partitioned_table AS p
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(q.xmin),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(
                      q.seqtypid, q.seqstart, q.seqincrement, q.seqmax, q.seqmin, q.seqcache, q.seqcycle
                    ), 0))
                  )
                  FROM pg_catalog.pg_sequence AS q
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(t.xmin),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(
                      t.tgname, t.tgfoid, t.tgtype, t.tgenabled, t.tgdeferrable, t.tginitdeferred, t.tgattr::text,
                      t.tgargs, t.tgqual::text, t.tgoldtable, t.tgnewtable
                    ), 0)) FILTER (WHERE NOT t.tgisinternal)
                  )
                  FROM pg_catalog.pg_trigger AS t
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(w.xmin ORDER BY w.oid),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(
                      w.ev_type, w.ev_enabled, w.is_instead, w.ev_qual::text, w.ev_action::text
                    ), 0))
                  )
                  FROM pg_catalog.pg_rewrite AS w
                  WHERE w.oid >= 16384
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(p.xmin),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(
                      p.polname, p.polcmd, p.polpermissive, p.polroles, p.polqual::text, p.polwithcheck::text
                    ), 0))
                  )
                  FROM pg_catalog.pg_policy AS p
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(p.xmin ORDER BY p.oid),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(
                      p.proname, p.proowner, p.prolang, p.prokind, p.prosecdef, p.proleakproof, p.proisstrict,
                      p.proretset, p.provolatile, p.proparallel, p.procost, p.prorows, p.prosupport, p.proargtypes,
                      p.proallargtypes, p.proargmodes, p.proargnames, p.prorettype, p.prosrc, p.probin,
                      p.proargdefaults::text, p.prosqlbody::text, p.proconfig, p.proacl
                    ), 0))
                  )
                  FROM pg_catalog.pg_proc AS p
                  WHERE p.oid >= 16384
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(y.xmin ORDER BY y.oid),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(
                      y.typname, y.typowner, y.typnotnull, y.typbasetype, y.typtypmod, y.typdefault, y.typcollation,
                      y.typacl
                    ), 0))
                  )
                  FROM pg_catalog.pg_type AS y
                  WHERE y.oid >= 16384
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(e.xmin),
                    pg_catalog.sum(pg_catalog.hash_record_extended(ROW(e.enumlabel, e.enumsortorder), 0))
                  )
                  FROM pg_catalog.pg_enum AS e
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(x.xmin),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(x.*)::text, 0))
                  )
                  FROM pg_catalog.pg_statistic_ext AS x
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(f.xmin),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(f.*)::text, 0))
                  )
                  FROM pg_catalog.pg_foreign_table AS f
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(f.xmin),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(f.*)::text, 0))
                  )
                  FROM pg_catalog.pg_foreign_server AS f
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(e.xmin),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(e.*)::text, 0))
                  )
                  FROM pg_catalog.pg_extension AS e
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(n.xmin),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(n.*)::text, 0))
                  )
                  FROM pg_catalog.pg_language AS n
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(o.xmin ORDER BY o.oid),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(o.*)::text, 0))
                  )
                  FROM pg_catalog.pg_opclass AS o
                  WHERE o.oid >= 16384
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(o.xmin ORDER BY o.oid),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(o.*)::text, 0))
                  )
                  FROM pg_catalog.pg_operator AS o
                  WHERE o.oid >= 16384
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(k.xmin ORDER BY k.oid),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(k.*)::text, 0))
                  )
                  FROM pg_catalog.pg_cast AS k
                  WHERE k.oid >= 16384
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(n.xmin ORDER BY n.oid),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(n.*)::text, 0))
                  )
                  FROM pg_catalog.pg_collation AS n
                  WHERE n.oid >= 16384
                ),
                (
                  SELECT pg_catalog.concat(
                    pg_catalog.array_agg(g.xmin),
                    pg_catalog.sum(pg_catalog.hashtextextended(ROW(g.*)::text, 0))
                  )
                  FROM pg_catalog.pg_range AS g
                ),
                -- The roles that own something in this database or are granted something, and what they mean for ours.
                ARRAY(
                  SELECT ROW(
                    r.oid, r.rolname, r.rolsuper, r.rolinherit, r.rolbypassrls,
                    pg_catalog.pg_has_role(r.oid, 'USAGE'), pg_catalog.pg_has_role(r.oid, 'MEMBER'),
                    ARRAY(SELECT m.roleid FROM pg_catalog.pg_auth_members AS m WHERE r.oid = m.member ORDER BY m.roleid)
                  )
                  FROM pg_catalog.pg_roles AS r
                  WHERE
                    r.oid < 16384
                    OR r.rolsuper
                    OR r.rolname IN (CURRENT_USER, SESSION_USER)
                    OR r.oid IN (
                      SELECT s.refobjid
                      FROM pg_catalog.pg_shdepend AS s
                      WHERE s.dbid = b.oid AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                    )
                  ORDER BY r.oid
                ),
                ROW(b.oid, b.datname, b.datdba, b.encoding, b.datcollate, b.datctype),
                ARRAY(
                  SELECT ROW(g.setrole, g.setconfig)
                  FROM pg_catalog.pg_db_role_setting AS g
                  WHERE g.setdatabase = b.oid
                  ORDER BY g.setrole
                ),
                ROW(CURRENT_USER, SESSION_USER, pg_catalog.current_setting('pgfleet.home_path'), pg_catalog.version())
              ),
              'UTF8'
            )
          ),
          'hex'
        )
  END AS stamp
FROM pg_catalog.pg_database AS b
WHERE b.datname = pg_catalog.current_database()
