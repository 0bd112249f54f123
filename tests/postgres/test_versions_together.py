"""A fleet on servers of several versions, and tenants that move from one version to another."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from fixtures.binaries import BINARIES
from fixtures.everything import ROLES
from fixtures.rollout import Subject
from fixtures.servers import POLICY, FindExpected, Server, started
from fixtures.upgrade import copy_database, upgraded

from pgfleet.documents.audit import AuditDocument, TenantEntry, Verdict
from pgfleet.documents.audit_context import Source
from pgfleet.documents.rollout import Result
from pgfleet.fleet.model import Environment
from pgfleet.judge.enrich import enrich
from pgfleet.judge.summary import build_document
from pgfleet.judge.trend import PreviousAudit
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read.audit import audit
from pgfleet.run.context import RunContext

DAMAGE = """
ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'placed';
ALTER TABLE order_lines VALIDATE CONSTRAINT order_lines_quantity_positive;
CREATE OR REPLACE VIEW open_orders WITH (security_barrier = true) AS
SELECT o.id, o.customer_id, o.status, o.total FROM orders AS o WHERE o.status = 'placed';
DROP TABLE documents CASCADE;
"""
OLDEST_FIRST = sorted(BINARIES, key=lambda name: (name == "embedded", name))
MOVES = [*dict.fromkeys([*pairwise(OLDEST_FIRST), (OLDEST_FIRST[0], OLDEST_FIRST[-1])])]
pytestmark = pytest.mark.skipif(len(BINARIES) < 2, reason='needs two versions, such as SERVERS="embedded 14"')
on_every_move = pytest.mark.parametrize(("old", "new"), MOVES, ids=[f"{old}-to-{new}" for old, new in MOVES])
YESTERDAY, TODAY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
FindServer = Callable[[str], Server]


@pytest.fixture(scope="module")
def find_server(servers: FindServer) -> FindServer:
    """Finds the server of a version, with the roles that the manifest grants to."""

    def find(name: str) -> Server:
        server = servers(name)
        server.once("roles", lambda: create_roles(server))
        return server

    return find


def create_roles(server: Server) -> None:
    for role in ROLES:
        server.execute(f"DO $$ BEGIN IF to_regrole('{role}') IS NULL THEN CREATE ROLE {role} NOLOGIN; END IF; END $$")


@pytest.fixture
def damaged(everything_manifest: Manifest, find_expected: FindExpected) -> Callable[[Server], Subject]:
    """Makes a tenant on a server to which everything was rolled out, and which was damaged then."""

    def make(server: Server) -> Subject:
        expected = find_expected(server, "everything-expected", lambda: server.expected(everything_manifest))
        database = server.create_database()
        subject = Subject(server=server, database=database, manifest=everything_manifest, expected=expected)
        assert subject.roll_out().result is Result.DONE
        server.execute(DAMAGE, database)
        return subject

    return make


def moved(subject: Subject, server: Server, database: str, find_expected: FindExpected) -> Subject:
    """The same tenant where it is now."""
    expected = find_expected(server, "everything-expected", lambda: server.expected(subject.manifest))
    return Subject(server=server, database=database, manifest=subject.manifest, expected=expected)


def audited(subjects: list[Subject], *, at: datetime, previous: AuditDocument | None = None) -> AuditDocument:
    """One audit of these tenants, compared with the previous one; the first is always called t0."""
    manifest = subjects[0].manifest
    tenants = tuple(each.server.tenant(each.database, name=f"t{n}") for n, each in enumerate(subjects))
    environment = Environment(name="test", policy=POLICY, tenants=tenants)
    context = RunContext(manifest, environment, run="test")
    context.expectations = {context.replay(each.server.major, "public"): each.expected for each in subjects}
    entries = [audit(each, context) for each in tenants]
    document = build_document("test", "run", manifest, entries, started_at=at, finished_at=at)
    before = PreviousAudit(document=previous, source=Source.FILE) if previous else None
    return enrich(document, environment, manifest, before, at.date(), is_partial=False)


def findings(entry: TenantEntry) -> dict[str, object]:
    """What an audit reports, but for what names the server's version."""
    return {
        "verdict": entry.verdict,
        "position": entry.position,
        "migrations": [(each.version, each.status, each.evidence) for each in entry.migrations],
        "differences": [
            (migration.version, each.kind, each.identity, each.change, each.repair and each.repair.way)
            for migration in entry.migrations
            for each in migration.differences
        ],
        "unexpected": [(each.kind, each.identity) for each in entry.unexpected],
        "seeds": [(each.name, each.status) for each in entry.seeds],
        "contracts": [(each.consumer, each.works) for each in entry.contracts],
    }


def test_one_audit_finds_the_same_damage_on_every_version(
    find_server: FindServer, damaged: Callable[[Server], Subject]
) -> None:
    subjects = [damaged(find_server(name)) for name in OLDEST_FIRST]
    assert len({each.server.major for each in subjects}) == len(OLDEST_FIRST), "SERVERS has one version twice"
    document = audited(subjects, at=TODAY)
    assert {each.verdict for each in document.tenants} == {Verdict.BLOCKED}
    first, *others = map(findings, document.tenants)
    assert len(first["differences"]) > 3
    assert others == [first] * len(others)
    assert [len(each.tenants) for each in document.variants] == [len(subjects)]
    for each in subjects:
        each.server.drop_database(each.database)


@on_every_move
def test_a_tenant_that_is_restored_on_another_version_keeps_its_findings(
    find_server: FindServer, damaged: Callable[[Server], Subject], find_expected: FindExpected, old: str, new: str
) -> None:
    before, server = damaged(find_server(old)), find_server(new)
    ledger, document = before.events(), audited([before], at=YESTERDAY)
    copy = copy_database(before.server, before.database, server, BINARIES[new])
    after = moved(before, server, copy, find_expected)
    assert_alike(document, ledger, after)
    server.drop_database(after.database)
    before.server.drop_database(before.database)


@on_every_move
def test_a_tenant_keeps_its_findings_when_its_server_is_upgraded(
    damaged: Callable[[Server], Subject], find_expected: FindExpected, old: str, new: str
) -> None:
    with started(BINARIES[old]) as server:
        create_roles(server)
        before = damaged(server)
        ledger, document = before.events(), audited([before], at=YESTERDAY)
        server.kept.close_all()
        with upgraded(server, BINARIES[new]) as server_after:
            after = moved(before, server_after, before.database, find_expected)
            assert_alike(document, ledger, after)


def assert_alike(document: AuditDocument, ledger: list[tuple[str, str]], after: Subject) -> None:
    """The verdict, the findings, their dates, and the ledger are those from before."""
    now = audited([after], at=TODAY, previous=document)
    assert findings(now.tenants[0]) == findings(document.tenants[0])
    assert after.events() == ledger
    assert now.since is not None
    assert (now.since.new, now.since.resolved, now.since.persisting > 3) == ((), (), True)
    assert {each.since for migration in now.tenants[0].migrations for each in migration.differences} == {YESTERDAY}
