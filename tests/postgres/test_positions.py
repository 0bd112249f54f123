"""Tenants at every position of a history, by other tools' ledgers: what an audit finds, and what a rollout runs."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fixtures.manifests import linear_manifest
from fixtures.rollout import Subject
from fixtures.servers import Server

from pgfleet.documents.rollout import Result
from pgfleet.manifest.model import Manifest

Tenants = Callable[..., Subject]


SEVEN = linear_manifest(
    "CREATE TABLE t (id serial PRIMARY KEY, a text)",
    "INSERT INTO t (a) VALUES ('x')",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "ALTER TABLE t ADD COLUMN b int",
    "ALTER TABLE t RENAME COLUMN b TO c",
    "DROP FUNCTION f()",
)
RENAMED_TABLE = linear_manifest(
    "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, nm text); CREATE INDEX IF NOT EXISTS users_nm ON users (nm)",
    "ALTER TABLE users RENAME TO people",
)
NAMED_HOME = linear_manifest(
    "CREATE SCHEMA IF NOT EXISTS s; CREATE TABLE s.t (id int PRIMARY KEY)",
    "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int",
)
"""The second migration alters the first one's table without naming its schema."""
ITEMS = linear_manifest(
    "CREATE TABLE IF NOT EXISTS items (id int PRIMARY KEY, state text NOT NULL DEFAULT 'new')",
    "ALTER TABLE items ADD COLUMN IF NOT EXISTS price int",
    "CREATE INDEX IF NOT EXISTS items_price ON items (price)",
)


@pytest.fixture
def tenant(server: Server) -> Iterator[Tenants]:
    """Makes a tenant in which the first migrations of a manifest were run by hand."""
    made: list[str] = []

    def make(manifest: Manifest, place: int, *, damage: str = "", home: str = "public") -> Subject:
        subject = Subject(
            server=server,
            database=server.create_database(),
            manifest=manifest,
            expected=server.proven(manifest, home),
            home=home,
        )
        made.append(subject.database)
        for migration in manifest.migrations[:place]:
            subject.execute(migration.script.sql)
        if damage:
            subject.execute(damage)
        return subject

    yield make
    for name in made:
        server.drop_database(name)


def statuses(subject: Subject) -> str:
    """The first letters of the migrations' statuses: applied, pending, drifted, unknown."""
    return "".join(each.status[0] for each in subject.audit().migrations)


@pytest.mark.every_version
@pytest.mark.parametrize("place", [0, 3, 4, 5, 6, 7])
def test_a_tenant_without_a_ledger_gets_just_what_is_pending(tenant: Tenants, place: int) -> None:
    subject = tenant(SEVEN, place)
    assert statuses(subject) == "a" * place + "p" * (7 - place)
    result = subject.roll_out()
    assert (result.result, statuses(subject)) == (Result.DONE, "a" * 7)
    assert subject.query("SELECT a, c FROM t") == [("x", None)]
    assert [event for event, _ in subject.events()] == ["adopted"] * place + ["applied"] * (7 - place)


def test_a_migration_that_leaves_no_trace_is_not_run_until_it_is_settled(tenant: Tenants) -> None:
    subject = tenant(SEVEN, 2)
    entry = subject.audit()
    assert (entry.verdict, statuses(subject)) == ("unknown", "auppppp")
    assert "pgfleet adopt ENV --through VERSION" in (entry.reason or "")
    subject.roll_out()
    assert subject.query("SELECT a FROM t") == [("x",)]


def test_drift_is_judged_at_the_tenants_own_position(tenant: Tenants) -> None:
    entry = tenant(SEVEN, 5).audit()
    assert entry.position is not None
    assert entry.position.model_dump() == {"version": "5", "applied": 5, "pending": 2, "unknown": 0, "by": "catalog"}
    assert entry.unexpected == ()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_renamed_table_keeps_its_index(tenant: Tenants, place: int) -> None:
    subject = tenant(RENAMED_TABLE, place)
    assert subject.roll_out().result is Result.DONE
    assert (statuses(subject), subject.audit().unexpected) == ("aa", ())


def test_a_table_that_was_renamed_is_not_created_again(tenant: Tenants) -> None:
    subject = tenant(RENAMED_TABLE, 2)
    subject.roll_out()
    assert subject.query("SELECT to_regclass('users')") == [(None,)]


@pytest.mark.parametrize(("place", "before"), [(3, "daa"), (1, "dpp")])
def test_a_drifted_migration_does_not_hold_back_those_that_require_it(tenant: Tenants, place: int, before: str) -> None:
    subject = tenant(ITEMS, place, damage="ALTER TABLE items ALTER state SET DEFAULT 'old'")
    assert statuses(subject) == before
    [difference] = subject.audit().migrations[0].differences
    assert (difference.repair and difference.repair.way) == "sql"
    result = subject.roll_out()
    assert (result.result, statuses(subject)) == (Result.DONE, "daa")
    assert "1" not in [version for event, version in subject.events() if event != "adopted"]


@pytest.mark.parametrize(("through", "rows"), [("2", 1), ("1", 2)])
def test_an_adoption_settles_whether_a_migration_ran(tenant: Tenants, through: str, rows: int) -> None:
    subject = tenant(SEVEN, 2)
    assert subject.roll_out(adopt_through=through).result is Result.DONE
    assert subject.events() == [("adopted", str(version)) for version in range(1, int(through) + 1)]
    assert subject.roll_out().result is Result.DONE
    assert (statuses(subject), len(subject.query("SELECT a FROM t"))) == ("a" * 7, rows)


def test_an_adoption_reports_what_the_catalog_contradicts(tenant: Tenants) -> None:
    subject = tenant(SEVEN, 3)
    plan = subject.plan(adopt_through="5")
    reasons = {each.version: each.reason for each in plan.migrations}
    none = "the catalog contradicts this: it shows none of its effects"
    assert reasons == {"1": None, "2": None, "3": None, "4": none, "5": none}
    subject.roll_out(plan)
    subject.runs += 1  # the audit is another run
    assert statuses(subject) == "aaadd" + "pp"


@pytest.mark.every_version
def test_scripts_may_name_the_home_schema(tenant: Tenants) -> None:
    for place in range(3):
        subject = tenant(NAMED_HOME, place, home="s")
        assert statuses(subject) == "a" * place + "p" * (2 - place)
        assert subject.roll_out().result is Result.DONE
        assert statuses(subject) == "aa"


INSERT = linear_manifest("CREATE TABLE t (a text)", "INSERT INTO t VALUES ('x')", "ALTER TABLE t ADD b int")


@pytest.mark.parametrize("damage", ["ALTER TABLE t ALTER b TYPE bigint", "ALTER TABLE t ALTER b SET DEFAULT 1"])
def test_a_rollout_adopts_a_tenant_with_drift_and_runs_no_earlier_migration(tenant: Tenants, damage: str) -> None:
    subject = tenant(INSERT, 3, damage=damage)
    assert statuses(subject) == "aad"
    for _ in range(2):
        subject.roll_out()
        assert {event for event, _ in subject.events()} == {"adopted"}
        assert (statuses(subject), subject.query("SELECT count(*) FROM t")) == ("aad", [(1,)])


def test_an_altered_object_is_in_the_state_that_it_is_most_like(tenant: Tenants) -> None:
    manifest = linear_manifest(
        "CREATE TABLE t (i int, a int)", "ALTER TABLE t ALTER a TYPE bigint", "ALTER TABLE t ALTER a SET NOT NULL"
    )
    subject = tenant(manifest, 1, damage="ALTER TABLE t ALTER a SET DEFAULT 7")
    assert statuses(subject) == "dpp"


def test_the_ledger_may_record_migrations_that_the_manifest_lacks(tenant: Tenants) -> None:
    subject = tenant(INSERT, 0)
    assert subject.roll_out().result is Result.DONE
    subject.manifest = linear_manifest(*(each.script.sql for each in INSERT.migrations[:2]))
    subject.expected = subject.server.proven(subject.manifest)
    assert statuses(subject) == "aa"


@pytest.mark.parametrize(
    "script", ["UPDATE t SET plan = 'pro' WHERE plan = 'free'", "DELETE FROM t WHERE plan = 'trial'"]
)
def test_a_script_that_changes_rows_is_never_proven_harmless(tenant: Tenants, script: str) -> None:
    manifest = linear_manifest("CREATE TABLE t (plan text)", script, "CREATE TABLE u (i int)")
    assert statuses(tenant(manifest, 2)) == "aup"


def test_objects_of_other_tenants_do_not_show_a_position(tenant: Tenants) -> None:
    manifest = linear_manifest(
        "CREATE TABLE t (id int PRIMARY KEY)",
        "INSERT INTO t VALUES (1)",
        "CREATE SCHEMA IF NOT EXISTS shared; CREATE TABLE IF NOT EXISTS shared.x (a int, b int, c int, d int)",
    )
    acme = tenant(manifest, 0, home="acme", damage="CREATE SCHEMA acme; CREATE SCHEMA globex")
    assert acme.roll_out().result is Result.DONE
    globex = replace(acme, home="globex", plans=[])
    assert statuses(globex) == "ppp"
    assert globex.roll_out().result is Result.DONE
    assert (statuses(globex), globex.query("SELECT id FROM globex.t")) == ("aaa", [(1,)])


PARTITIONS = linear_manifest(
    "CREATE TABLE events (at date NOT NULL) PARTITION BY RANGE (at)",
    "CREATE TABLE y2025 (at date NOT NULL)",
    "ALTER TABLE events ATTACH PARTITION y2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "CREATE TABLE y2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
)


@pytest.mark.parametrize(
    ("place", "damage", "found"),
    [
        pytest.param(4, "", "aaaa", id="all"),
        pytest.param(2, "", "aapp", id="not attached yet"),
        pytest.param(4, "ALTER TABLE events DETACH PARTITION y2025", "aaaa", id="detached by hand"),
    ],
)
def test_partitions_come_and_go(tenant: Tenants, place: int, damage: str, found: str) -> None:
    subject = tenant(PARTITIONS, place, damage=damage)
    entry = subject.audit()
    assert ("".join(each.status[0] for each in entry.migrations), entry.unexpected) == (found, ())
    assert (subject.roll_out().result, statuses(subject)) == (Result.DONE, "aaaa")
    assert {event for event, version in subject.events() if int(version) <= place} == {"adopted"}


def test_a_migration_whose_check_decides_is_adopted(small: Callable[..., Subject]) -> None:
    check = '[[migrations.checks]]\nname = "row"\nquery = "SELECT count(*) FROM t"\nreturns = [[1]]'
    subject = small({"1_t.sql": "CREATE TABLE t (a int)", "2_row.sql": "INSERT INTO t VALUES (1)"}, v2=check)
    subject.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    assert subject.roll_out().result is Result.DONE
    assert subject.events() == [("adopted", "1"), ("adopted", "2")]
