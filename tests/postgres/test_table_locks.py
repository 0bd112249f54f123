"""Which tables are locked before a tenant is read as a whole."""

import pytest
from fixtures.servers import Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.table_locks import CATALOGS, lock_of


def reading(*titles: str) -> list[Query]:
    return [Query("SELECT", tables=frozenset({each})) for each in titles]


def test_tables_of_the_manifest_and_of_the_ledger_are_locked(expected: ExpectedCatalog) -> None:
    queries = reading('"ai_messages"', '"ai_guardrails"."policy_rules"', '"pgfleet"."ledger"', '"pg_namespace"')
    assert lock_of(queries, expected.objects, "acme") == (
        'LOCK TABLE "acme"."ai_messages", "ai_guardrails"."policy_rules", "pgfleet"."ledger" IN ACCESS SHARE MODE'
    )
    assert lock_of(reading('"information_schema"."tables"', '"pg_class"'), expected.objects, "acme") == ""


@pytest.mark.parametrize("title", ['"other"', '"elsewhere"."ai_messages"', '"pg_own"', '"o""ther"'])
def test_other_names_are_not(expected: ExpectedCatalog, title: str) -> None:
    assert lock_of(reading('"ai_messages"', title), expected.objects, "public") is None


@pytest.mark.every_version
def test_these_are_names_of_the_servers_own(server: Server) -> None:
    rows = server.query("SELECT relname::text FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace")
    assert {name for (name,) in rows} >= CATALOGS
