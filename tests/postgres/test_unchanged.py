"""Tenants whose catalog is unchanged since an earlier audit: only their data is read, and the entry is the same."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.servers import Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import SeedStatus, TenantEntry, Verdict
from pgfleet.judge.unchanged import earlier_inspections
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.apply.ledger import prepare_ledger
from pgfleet.postgres.read.audit import audit
from pgfleet.run.context import RunContext

WEEK = timedelta(days=7)


def statements(server: Server, begin: int) -> int:
    """How many messages with statements the server has been sent since."""
    with server.cluster.log.open("rb") as log:
        log.seek(begin)
        return len(re.findall(r"\[\d+\] LOG:  statement: ", log.read().decode(errors="replace")))


class Tenant:
    """A tenant that is audited again and again; `sent` is the number of round trips of the last audit."""

    def __init__(self, server: Server, database: str, manifest: Manifest, expected: ExpectedCatalog) -> None:
        self.server, self.database, self.sent = server, database, 0
        self.tenant = server.tenant(database)
        self.context: RunContext = server.context(manifest, expected, self.tenant)
        self.context.earlier = {}
        server.execute(f"ALTER DATABASE {database} SET log_statement = 'all'")

    def execute(self, sql: str) -> None:
        self.server.execute(sql, self.database)

    def audit(self) -> TenantEntry:
        begin = self.server.cluster.log.stat().st_size
        entry = audit(self.tenant, self.context)
        self.sent = statements(self.server, begin)
        self.context.earlier = earlier_inspections([entry], datetime.now(UTC), WEEK)
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
