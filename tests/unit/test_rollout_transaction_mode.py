"""One transaction for all of a tenant's rollout."""

from dataclasses import replace

from unit.literals import a_manifest, a_migration
from unit.rollout_literals import a_count, a_pair, a_result, a_seed_step, a_step, a_tenant_plan, planned

from pgfleet.documents.plan import Action, Scope
from pgfleet.documents.rollout import ErrorEntry, Result, StepStatus
from pgfleet.documents.rollout_plan import build_plan
from pgfleet.fleet.model import TransactionMode
from pgfleet.manifest.model import DownScript
from pgfleet.rollout.results import DONE_ALREADY
from pgfleet.rollout.transaction_mode import plan_in_mode, roll_back

OUTSIDE = replace(a_migration("2"), transactional=False)
MANIFEST = a_manifest(a_migration("1"), OUTSIDE)


def test_each_migration_in_its_own_transaction_is_the_plan_as_it_is() -> None:
    plan = a_tenant_plan("acme", planned("1", Action.APPLY), planned("2", Action.APPLY))
    assert plan_in_mode(plan, TransactionMode.MIGRATION, MANIFEST) == plan


def test_what_runs_outside_a_transaction_is_refused_if_it_is_to_run() -> None:
    plan = a_tenant_plan("acme", planned("1", Action.APPLY), planned("2", Action.APPLY))
    found = plan_in_mode(plan, TransactionMode.TENANT, MANIFEST)
    assert [each.action for each in found.migrations] == [Action.APPLY, Action.REFUSE]
    assert found.migrations[1].reason == (
        '2_one.sql runs outside a transaction, which transaction = "tenant" does not allow; use "migration" for it'
    )
    applied = plan_in_mode(a_tenant_plan("acme", planned("2", Action.SKIP)), TransactionMode.TENANT, MANIFEST)
    assert (applied.migrations[0].action, applied.is_all_or_nothing) == (Action.SKIP, True)


def test_a_down_script_outside_a_transaction_is_refused() -> None:
    migration = a_migration("1")
    down = DownScript(script=replace(migration.script, path="1.down.sql"), transactional=False)
    manifest = a_manifest(replace(migration, down=down))
    found = plan_in_mode(a_tenant_plan("acme", planned("1", Action.REVERT)), TransactionMode.TENANT, manifest)
    assert found.migrations[0].action is Action.REFUSE
    assert str(found.migrations[0].reason).startswith("1.down.sql runs outside a transaction")


def test_the_mode_is_part_of_the_digest() -> None:
    plan = a_tenant_plan("acme", planned("1", Action.APPLY))
    digests = {
        build_plan("prod", "m", Scope(), [plan_in_mode(plan, mode, MANIFEST)]).digest for mode in TransactionMode
    }
    assert len(digests) == 2


def test_after_a_failure_nothing_counts_as_done() -> None:
    failed = a_step("3", status=StepStatus.FAILED, error=ErrorEntry(message="no"))
    earlier = a_step("1", detail=DONE_ALREADY)
    skipped = a_step("0", Action.SKIP, StepStatus.SKIPPED)
    result = a_result(
        "acme",
        Result.FAILED,
        skipped,
        earlier,
        a_step("2"),
        failed,
        seeds=[a_seed_step(rows_added=2)],
        counts=[a_pair(a_count(1), a_count(3))],
    )
    found = roll_back(result)
    assert [each.status for each in found.migrations] == [
        StepStatus.SKIPPED,
        StepStatus.DONE,
        StepStatus.ROLLED_BACK,
        StepStatus.FAILED,
    ]
    assert found.migrations[2].detail == "rolled back, because 3 failed"
    assert (found.seeds[0].status, found.seeds[0].rows_added) == (StepStatus.ROLLED_BACK, None)
    assert found.counts == (a_pair(a_count(1), a_count(1)),)


def test_a_commit_that_failed_is_named() -> None:
    found = roll_back(a_result("acme", Result.FAILED, a_step("1"), error=ErrorEntry(message="no")))
    assert found.migrations[0].detail == "rolled back, because the commit failed"
