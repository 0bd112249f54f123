"""The plan of a revert."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from unit.literals import (
    a_difference_entry,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_table,
    a_tenant_entry,
    an_expected_catalog,
)

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import CheckEntry, CountEntry, LedgerState, MigrationEntry, MigrationStatus
from pgfleet.documents.plan import Action, Scope, TenantPlan
from pgfleet.documents.rollout_plan import build_plan
from pgfleet.errors import FleetError
from pgfleet.fleet.pooler import Pooler
from pgfleet.manifest.model import DownScript, Manifest, Migration, Script, Tool, ToolLedger
from pgfleet.rollout.planning import check_scope, plan_tenant
from pgfleet.rollout.reverting import check_down_scripts

APPLIED, PENDING, DRIFTED = MigrationStatus.APPLIED, MigrationStatus.PENDING, MigrationStatus.DRIFTED
EXPECTED = an_expected_catalog(
    ("1", [a_table("one")]),
    ("2", [a_table("one"), a_table("two")]),
    ("3", [a_table("one"), a_table("two")]),
)


def a_down(version: str, *, transactional: bool = True, problem: str | None = None) -> DownScript:
    script = Script(path=f"{version}.down.sql", sql="SELECT 1", checksum=f"down-{version}")
    return DownScript(script=script, transactional=transactional, problem=problem)


def revertible(*versions: str, repeatable: Iterable[str] = ()) -> tuple[Migration, ...]:
    return tuple(
        replace(a_migration(version), down=a_down(version), repeatable=version in repeatable) for version in versions
    )


MANIFEST = a_manifest(*revertible("1", "2", "3"))


def entry(version: str, status: MigrationStatus = APPLIED, **fields: object) -> MigrationEntry:
    differences = [a_difference_entry()] if status is DRIFTED and "checks" not in fields else []
    found = a_migration_entry(status, version, differences=differences)
    return found.model_copy(update={"ledger": LedgerState.APPLIED, **fields})


def plan(
    *entries: MigrationEntry, to: str = "1", manifest: Manifest = MANIFEST, tenant: dict[str, object] | None = None
) -> TenantPlan:
    found = a_tenant_entry("acme", Verdict.READY, migrations=entries).model_copy(update=tenant or {})
    return plan_tenant(found, manifest, EXPECTED, Scope(revert_to=to))


def actions(found: TenantPlan) -> list[tuple[str, Action]]:
    return [(each.version, each.action) for each in found.migrations]


def test_what_is_applied_after_the_version_is_reverted_newest_first() -> None:
    found = plan(entry("1"), entry("2"), entry("3"))
    assert actions(found) == [("3", Action.REVERT), ("2", Action.REVERT)]
    assert [each.down_checksum for each in found.migrations] == ["down-3", "down-2"]
    assert (found.changes, found.reverts, found.runs) == (True, True, frozenset())


def test_none_reverts_everything() -> None:
    assert [version for version, _ in actions(plan(entry("1"), entry("2"), entry("3"), to="none"))] == ["3", "2", "1"]


@pytest.mark.parametrize("to", ["2", "3"])
def test_a_tenant_at_or_before_the_version_has_nothing_to_do(to: str) -> None:
    found = plan(entry("1"), entry("2"), entry("3", PENDING), to=to)
    assert (found.migrations, found.is_idle) == ((), True)


def test_a_repeatable_migration_is_not_reverted() -> None:
    manifest = a_manifest(*revertible("1", "2", "3", repeatable=["3"]))
    found = plan(entry("1"), entry("2"), entry("3"), to="none", manifest=manifest)
    assert [version for version, _ in actions(found)] == ["2", "1"]


def test_tables_that_will_be_gone_are_named_with_their_rows_which_are_not_part_of_the_digest() -> None:
    counts = (CountEntry(table="two", rows=7, exact=True),)
    found = plan(entry("1"), entry("2"), entry("3"), tenant={"counts": counts})
    assert found.dropped == counts
    uncounted = plan(entry("1"), entry("2"), entry("3"))
    assert uncounted.dropped == (CountEntry(table="two", rows=None, exact=False),)
    scope = Scope(revert_to="1")
    assert build_plan("prod", "m", scope, [found]).digest == build_plan("prod", "m", scope, [uncounted]).digest
    assert plan(entry("1"), entry("2"), entry("3"), to="2").dropped == ()


def reasons(found: TenantPlan) -> dict[str, str | None]:
    assert {each.action for each in found.migrations} == {Action.REFUSE}
    return {each.version: each.reason for each in found.migrations}


def test_drift_of_a_migration_to_be_reverted_refuses_all_of_the_tenant() -> None:
    assert reasons(plan(entry("1"), entry("2", DRIFTED), entry("3"))) == {
        "3": "2 cannot be reverted",
        "2": "it is drifted (index public.idx_a is missing); fix that first, so that the revert can be proven",
    }
    failing = (CheckEntry(name="rows", passed=False, detail=None),)
    assert "check 'rows' fails" in str(reasons(plan(entry("1"), entry("2", DRIFTED, checks=failing)))["2"])


def test_drift_of_a_migration_that_stays_does_not_matter() -> None:
    assert actions(plan(entry("1", DRIFTED), entry("2"))) == [("2", Action.REVERT)]


def test_what_tenants_share_may_be_gone_already() -> None:
    shared = (a_difference_entry().model_copy(update={"shared": True}),)
    drifted = entry("2", DRIFTED, differences=shared)
    assert actions(plan(entry("1"), drifted, tenant={"home": "acme"})) == [("2", Action.REVERT)]
    assert actions(plan(entry("1"), drifted, tenant={"home": "public"})) == [("2", Action.REFUSE)]


def test_an_unfinished_migration_is_not_reverted_unless_its_revert_is_unfinished() -> None:
    started = entry("2", DRIFTED, ledger=LedgerState.STARTED)
    assert reasons(plan(entry("1"), started)) == {
        "2": "it was started and not finished; roll out first, which resumes it"
    }
    outside = replace(MANIFEST.migrations[1], down=a_down("2", transactional=False))
    manifest = a_manifest(MANIFEST.migrations[0], outside)
    reverting = started.model_copy(update={"altered": True})
    assert actions(plan(entry("1"), reverting, manifest=manifest)) == [("2", Action.REVERT)]


def test_a_script_outside_a_transaction_is_refused_behind_a_pooler() -> None:
    outside = replace(MANIFEST.migrations[1], down=a_down("2", transactional=False))
    manifest = a_manifest(MANIFEST.migrations[0], outside)
    found = reasons(plan(entry("1"), entry("2"), manifest=manifest, tenant={"pooler": Pooler.TRANSACTION}))
    assert str(found["2"]).startswith("2.down.sql runs outside a transaction, so it needs a session of its own")


@pytest.mark.parametrize(
    ("tool", "write", "expected"),
    [
        (Tool.GOOSE, True, None),
        (Tool.GOOSE, False, "revert it with goose, or set write = true"),
        (Tool.SQITCH, False, "revert it with sqitch"),
    ],
)
def test_a_tools_ledger_that_would_still_record_it_refuses_it(tool: Tool, write: bool, expected: str | None) -> None:
    manifest = replace(MANIFEST, ledger=ToolLedger(tool=tool, table="t", write=write))
    found = plan(entry("1"), entry("2", in_tool_ledger=True), manifest=manifest)
    reason = found.migrations[0].reason
    assert (reason or "").endswith(expected or "")
    assert (reason is None) is (expected is None)
    assert actions(plan(entry("1"), entry("2", in_tool_ledger=False), manifest=manifest)) == [("2", Action.REVERT)]


def test_a_standby_is_not_written_to() -> None:
    assert plan(entry("1"), entry("2"), tenant={"standby": True}).obstacle is Verdict.UNREACHABLE


def test_a_tenant_that_could_not_be_inspected_has_an_obstacle() -> None:
    found = plan(tenant={"verdict": Verdict.UNKNOWN, "reason": "migration 2 leaves no trace"})
    assert (found.obstacle, found.reason) == (Verdict.UNKNOWN, "migration 2 leaves no trace")


@pytest.mark.parametrize(
    ("down", "message"),
    [
        (
            None,
            "revert: 2_one.sql: has no down script; name one in the manifest (revert = …), or revert to this version",
        ),
        (a_down("2", problem="does not parse"), "revert: 2.down.sql: does not parse"),
    ],
)
def test_a_down_script_that_is_needed_and_cannot_run_is_an_error(down: DownScript | None, message: str) -> None:
    manifest = a_manifest(MANIFEST.migrations[0], replace(MANIFEST.migrations[1], down=down))
    scope = Scope(revert_to="1")
    with pytest.raises(FleetError) as caught:
        check_down_scripts(build_plan("prod", "m", scope, [plan(entry("1"), entry("2"), manifest=manifest)]), manifest)
    assert str(caught.value) == message
    check_down_scripts(build_plan("prod", "m", scope, [plan(entry("1"), entry("2", PENDING))]), manifest)


def test_a_version_that_is_not_in_the_manifest_is_an_error() -> None:
    with pytest.raises(FleetError, match="--to: 9: not in the manifest, which has: 1, 2, 3; 'none' reverts all"):
        check_scope(Scope(revert_to="9"), MANIFEST)
    check_scope(Scope(revert_to="none"), MANIFEST)
