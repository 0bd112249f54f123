"""Tenants whose catalog is unchanged since an earlier audit: only their data is read, and the entry is the same."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from fixtures.servers import Server
from fixtures.waiting import until

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import StampScope, TenantEntry, Verdict
from pgfleet.documents.findings import SeedStatus
from pgfleet.judge.unchanged import earlier_inspections, inspections_in
from pgfleet.manifest.model import Check, Manifest
from pgfleet.postgres.apply.ledger import prepare_ledger
from pgfleet.postgres.read.audit import audit
from pgfleet.run.context import RunContext

WEEK = timedelta(days=7)


class Tenant:
    """A tenant that is audited again and again; `log` is what the last audit had the server write to its log."""

    def __init__(self, server: Server, database: str, manifest: Manifest, expected: ExpectedCatalog) -> None:
        self.server, self.database, self.log = server, database, ""
        self.tenant = server.tenant(database)
        self.context: RunContext = server.context(manifest, expected, self.tenant)
        self.context.earlier = {}
        server.execute(f"ALTER DATABASE {database} SET log_statement = 'all'")

    def execute(self, sql: str) -> None:
        self.server.execute(sql, self.database)

    @property
    def sent(self) -> int:
        """The round trips of the last audit."""
        return len(re.findall(r"\[\d+\] LOG:  statement: ", self.log))

    def asked(self, text: str) -> bool:
        """Whether a statement of the last audit contained the text."""
        return text in self.log

    def audit(self) -> TenantEntry:
        begin = self.server.cluster.log.stat().st_size
        entry = audit(self.tenant, self.context)
        with self.server.cluster.log.open("rb") as log:
            log.seek(begin)
            self.log = log.read().decode(errors="replace")
        self.context.earlier = earlier_inspections(inspections_in([entry]), datetime.now(UTC), WEEK)
        return entry


@pytest.fixture
def tenant(server: Server, database: str, shipped_manifest: Manifest, expected: ExpectedCatalog) -> Iterator[Tenant]:
    return Tenant(server, database, shipped_manifest, expected)


def test_an_unchanged_tenant_takes_one_round_trip_and_has_the_same_entry(tenant: Tenant) -> None:
    with tenant.server.session(tenant.database) as session:
        prepare_ledger(session)
    tenant.execute("CREATE INDEX extra ON ai_messages (role)")
    first = tenant.audit()
    second = tenant.audit()
    third = tenant.audit()
    assert (first.verdict, first.read) == (Verdict.READY, "full")
    assert first.stamp
    assert re.fullmatch(r"unchanged since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", second.read or "")
    assert tenant.sent == 1
    assert second == third == first.model_copy(update={"read": second.read})
    assert [each.identity for each in second.unexpected] == ["public.extra"]


def test_data_is_read_from_an_unchanged_tenant(tenant: Tenant) -> None:
    before = tenant.audit()
    tenant.execute("DELETE FROM ai_guardrails.policy_rules")
    after = tenant.audit()
    assert after.read != "full"
    assert {each.status for each in before.seeds} == {SeedStatus.PRESENT}
    assert {each.status for each in after.seeds} == {SeedStatus.MISSING}


def test_a_changed_tenant_is_read_in_full(tenant: Tenant) -> None:
    tenant.audit()
    tenant.execute("ALTER TABLE ai_messages DROP COLUMN role")
    changed = tenant.audit()
    assert (changed.verdict, changed.read) == (Verdict.BLOCKED, "full")
    tenant.execute("ALTER TABLE ai_messages ADD COLUMN role text")
    assert tenant.audit().read == "full"


RAISING = "CREATE FUNCTION raising(text, name) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RAISE ''ran''; END'"
HOSTILE = (
    f"{RAISING}; CREATE OPERATOR = (FUNCTION = raising, LEFTARG = text, RIGHTARG = name)",
    "CREATE FUNCTION to_regclass(varchar) RETURNS regclass LANGUAGE sql AS 'SELECT NULL::regclass'",
    "ALTER TABLE ai_messages RENAME TO real; CREATE VIEW ai_messages AS SELECT * FROM real",
    "CREATE RULE r AS ON UPDATE TO ai_messages DO NOTHING",
    "CREATE TABLE ai_child () INHERITS (ai_messages)",
)


@pytest.fixture
def with_data_check(server: Server, database: str, shipped_manifest: Manifest) -> Tenant:
    """A tenant with a check that reads rows."""
    check = Check(name="messages", query="SELECT name FROM ai_guardrails.policy_rules WHERE message = ''", returns=())
    *others, last = shipped_manifest.migrations
    manifest = replace(shipped_manifest, migrations=(*others, replace(last, checks=(*last.checks, check))))
    return Tenant(server, database, manifest, server.expected(shipped_manifest))


def test_only_checks_that_read_rows_are_run_in_an_unchanged_tenant(with_data_check: Tenant) -> None:
    tenant = with_data_check
    first, second = tenant.audit(), tenant.audit()
    assert (tenant.asked("information_schema"), tenant.asked("message = ''")) == (False, True)
    assert second == first.model_copy(update={"read": second.read})
    tenant.execute("UPDATE ai_guardrails.policy_rules SET message = ''")
    third = tenant.audit()
    assert [check.passed for each in third.migrations for check in each.checks].count(False) == 1
    assert third.read == second.read
    assert not tenant.asked("information_schema")


def test_an_unchanged_tenant_with_a_failing_check_runs_all_checks_again(with_data_check: Tenant) -> None:
    tenant = with_data_check
    tenant.execute("UPDATE ai_guardrails.policy_rules SET message = ''")
    assert tenant.audit().verdict is not Verdict.READY
    assert tenant.audit().read != "full"
    assert tenant.asked("information_schema")


def test_an_unchanged_tenant_needs_no_guard_but_locks_its_tables(tenant: Tenant) -> None:
    tenant.audit()
    assert tenant.asked("pgfleet_guard")
    tenant.audit()
    assert not tenant.asked("pgfleet_guard")
    assert tenant.asked('LOCK TABLE "ai_guardrails"."policy_rules", "public"."ai_conversations"')


@pytest.mark.parametrize("change", HOSTILE)
def test_a_tenant_in_which_a_query_could_run_something_else_is_read_in_full(tenant: Tenant, change: str) -> None:
    tenant.audit()
    tenant.execute(change)
    assert tenant.audit().read == "full"
    assert tenant.asked("pgfleet_guard")


def test_a_tenant_in_a_large_database_is_stamped_by_its_objects(tenant: Tenant) -> None:
    columns = ", ".join(f"c{number} int" for number in range(1500))
    for number in range(20):
        tenant.execute(f"CREATE TABLE wide{number} ({columns})")
    entries = [tenant.audit() for _ in range(3)]
    assert [(each.stamp.scope, bool(each.stamp.digest)) for each in entries if each.stamp] == [
        (StampScope.OBJECTS, False),
        (StampScope.OBJECTS, True),
        (StampScope.OBJECTS, True),
    ]
    assert [each.read == "full" for each in entries] == [True, True, False]
    tenant.execute("CREATE TABLE another ()")
    assert tenant.audit().read != "full"


@contextmanager
def changing_while_it_is_read(tenant: Tenant, change: str) -> Iterator[None]:
    """Another session makes the change while a query of pgfleet's waits for an index, after its first statements."""
    with psycopg.connect(tenant.server.dsn(tenant.database).text, autocommit=True) as other:
        other.execute("BEGIN")
        other.execute("REINDEX INDEX ai_messages_pkey")

        def act() -> None:
            until(lambda: other.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount, 60, 0.02)
            other.execute(change)
            other.execute("COMMIT")

        with ThreadPoolExecutor(1) as thread:
            acting = thread.submit(act)
            yield
            acting.result()


OWN = "CREATE FUNCTION own(text) RETURNS {} IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (OWN.format("text") + "CREATE INDEX own ON ai_messages ((own('x')))", "uses the function public.own"),
        (
            OWN.format("text") + "CREATE STATISTICS own ON (own('x')), role FROM ai_messages",
            "uses the function public.own",
        ),
        (
            OWN.format("json") + "CREATE CAST (text AS json) WITH FUNCTION own(text) AS IMPLICIT",
            "a cast uses the function",
        ),
    ],
    ids=["index", "statistics", "cast"],
)
def test_what_is_created_while_a_tenant_is_read_does_not_become_part_of_its_stamp(
    tenant: Tenant, change: str, reason: str
) -> None:
    with changing_while_it_is_read(tenant, change):
        tenant.audit()
    again = tenant.audit()
    assert (again.verdict, again.read) == (Verdict.UNKNOWN, "full")
    assert reason in (again.reason or "")


def test_a_change_while_a_tenant_is_read_that_is_undone_later_is_not_remembered(tenant: Tenant) -> None:
    tenant.execute("DROP INDEX idx_ai_messages_conversation")
    with changing_while_it_is_read(
        tenant, "CREATE INDEX idx_ai_messages_conversation ON ai_messages (conversation_id, created_at)"
    ):
        first = tenant.audit()
    tenant.execute("DROP INDEX idx_ai_messages_conversation")
    assert (first.verdict, tenant.audit().verdict) == (Verdict.BLOCKED, Verdict.BLOCKED)


DAMAGE = (
    "SELECT",
    "DROP TABLE ai_messages",
    "DROP SCHEMA ai_guardrails CASCADE",
    "DROP SCHEMA public, ai_guardrails CASCADE; CREATE SCHEMA public",
)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("is_known", [False, True], ids=["first audit", "later audit"])
def test_a_tenant_that_is_not_as_expected_takes_few_round_trips(tenant: Tenant, damage: str, is_known: bool) -> None:
    if is_known:
        tenant.audit()
    tenant.execute(damage)
    entry = tenant.audit()
    assert tenant.sent <= 5
    assert (entry.verdict is Verdict.READY) is (damage == "SELECT")
