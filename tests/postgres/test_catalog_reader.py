"""A reader that is sent only changes sees the same catalog as one that is sent everything."""

from fixtures.servers import Server

from pgfleet.catalog.scope import EVERYTHING
from pgfleet.postgres.read.introspection import CatalogReader, read_catalog

CHANGES = (
    "CREATE TABLE t (a integer, b text); CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t (a)",
    "ALTER TABLE t RENAME COLUMN a TO c; ALTER TABLE t RENAME TO s",
    "ALTER INDEX i SET (fillfactor = 70)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT SELECT ON s TO PUBLIC",
    "DROP VIEW v; REVOKE SELECT ON s FROM PUBLIC; DROP FUNCTION f()",
)


def test_every_change_is_seen(server: Server, empty_database: str) -> None:
    with server.session(empty_database) as session:
        reader = CatalogReader(session, {})
        assert reader.read() == ()
        for script in CHANGES:
            session.run_script(script)
            everything = read_catalog(session, EVERYTHING, {}).managed or ()
            assert len(everything) > 2
            assert sorted(reader.read(), key=lambda each: each.identity.key) == sorted(
                everything, key=lambda each: each.identity.key
            )
