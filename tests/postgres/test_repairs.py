"""What an audit says would put a tenant right does so: every drift case whose repair is a rerun or SQL, repaired."""

import pytest
from fix_servers import Server
from postgres.test_drift_cases import ALL_CASES, Case, prepared

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.judge.document import MigrationStatus, TenantEntry, Verdict
from pgfleet.manifest.model import Manifest
from pgfleet.pg.audit import audit
from pgfleet.pg.connection import Limits
from pgfleet.pg.expectation import expect
from pgfleet.pg.repair import repair
from pgfleet.pg.scratch import scratch_database
from pgfleet.repair.model import Way
from pgfleet.rollout.repairing import RepairResult


def expected_with_reruns(server: Server, manifest: Manifest) -> ExpectedCatalog:
    with scratch_database(server.admin, Limits()) as session:
        return expect(manifest, session)


@pytest.fixture(scope="module")
def proven(server: Server, shipped_manifest: Manifest) -> ExpectedCatalog:
    """What the shipped manifest makes on this server, with what a rerun heals of it."""
    return expected_with_reruns(server, shipped_manifest)


def drifts(case: Case) -> bool:
    return MigrationStatus.DRIFTED in case.expected.migrations.values()


DRIFTING = [case for case in ALL_CASES if drifts(case)]


@pytest.mark.parametrize("case", DRIFTING, ids=lambda case: case.folder.name)
def test_what_is_said_to_repair_a_tenant_does(
    case: Case, server: Server, template: str, shipped_manifest: Manifest, proven: ExpectedCatalog
) -> None:
    if server.major < case.expected.min_server:
        return
    manifest = case.own_manifest or shipped_manifest
    with prepared(case, server, template, manifest) as database:
        server.execute(case.damage, database)
        expected = expected_with_reruns(server, manifest) if case.own_manifest else proven
        tenant = server.tenant(database)
        brief = server.brief(manifest, expected, tenant)
        before = audit(tenant, brief)
        rehearsed = repair(tenant, brief, rehearsal=True)
        assert audit(tenant, brief) == before, "a rehearsal leaves the tenant as it was"
        repaired = repair(tenant, brief, rehearsal=False, digest=rehearsed.digest)
        after = audit(tenant, brief)

    assert rehearsed.model_copy(update={"duration_ms": repaired.duration_ms}) == repaired
    left = by_hand(before)
    assert left == {each.identity for each in repaired.left}
    assert repaired.result is (RepairResult.REPAIRED if repaired.repaired else RepairResult.UNCHANGED)
    assert {each.identity for each in differences(after)} == left
    if not left and MigrationStatus.PENDING not in case.expected.migrations.values():
        assert after.verdict is Verdict.READY


def differences(entry: TenantEntry):
    return [
        each
        for migration in entry.migrations
        if migration.status is MigrationStatus.DRIFTED
        for each in migration.differences
    ]


def by_hand(entry: TenantEntry) -> set[str]:
    return {each.identity for each in differences(entry) if each.repair and each.repair.way is Way.BY_HAND}
