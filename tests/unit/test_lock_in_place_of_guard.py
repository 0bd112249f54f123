"""What is sent in place of a guard to a tenant that is unchanged since the guard passed."""

from pgfleet.postgres.guard import WITHOUT_VIEWS, Trust, lock_in_place_of_guard
from pgfleet.postgres.query import Query

TABLES = Trust(tables=frozenset({'"public"."a"', '"shop"."b"'}))


def test_tables_are_locked_by_their_full_names() -> None:
    queries = [Query("SELECT", tables=frozenset({'"a"', '"shop"."b"'})), Query("SELECT", tables=frozenset({'"x"."y"'}))]
    lock = lock_in_place_of_guard(TABLES, queries, home="public", also={'"x"."y"'})
    assert lock == f'LOCK TABLE "public"."a", "shop"."b", "x"."y" IN ACCESS SHARE MODE;\n{WITHOUT_VIEWS}'


def test_a_table_that_is_not_the_manifests_needs_the_guard() -> None:
    for other in ('"c"', '"shop"."a"', '"pg_class"'):
        assert (
            lock_in_place_of_guard(TABLES, [Query("SELECT", tables=frozenset({other}))], home="public", also=()) is None
        )


def test_a_manifest_with_views_lets_views_be_read() -> None:
    trust = Trust(tables=TABLES.tables, views=frozenset({'"public"."v"'}))
    lock = lock_in_place_of_guard(trust, [Query("SELECT", tables=frozenset({'"a"'}))], home="public", also=())
    assert lock == 'LOCK TABLE "public"."a" IN ACCESS SHARE MODE'
    assert lock_in_place_of_guard(trust, [Query("SELECT", tables=frozenset({'"v"'}))], home="public", also=()) is None


def test_queries_without_tables_lock_nothing() -> None:
    assert lock_in_place_of_guard(TABLES, [Query("SELECT 1")], home="public", also=()) == WITHOUT_VIEWS
