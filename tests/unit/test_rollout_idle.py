"""The result of a tenant in which a rollout has nothing to do follows from the audit that planned it."""

from unit.literals import a_difference_entry, a_manifest, a_migration, a_migration_entry, a_tenant_entry
from unit.rollout_literals import a_count, a_pair, a_tenant_plan, planned

from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import AcceptedObject, Action, PlannedMigration
from pgfleet.documents.rollout import Result
from pgfleet.rollout.idle import LEFT_ALONE, idle_result, note_findings

MANIFEST = a_manifest(a_migration("1"), a_migration("2"))
MISSING = a_difference_entry()
ACCEPTED = MISSING.model_copy(update={"identity": "public.idx_b", "accepted": True})
DRIFTED = a_migration_entry(MigrationStatus.DRIFTED, "1", differences=(MISSING, ACCEPTED))
PENDING = a_migration_entry(MigrationStatus.PENDING, "2", differences=(MISSING,))
ENTRY = a_tenant_entry("acme", migrations=(DRIFTED, PENDING)).model_copy(update={"counts": (a_count(3),)})


def test_drift_that_is_left_as_it_is_remains_unless_it_is_accepted_or_out_of_scope() -> None:
    left = PlannedMigration(version="1", action=Action.LEAVE, reason="not proven")
    result = idle_result(note_findings(a_tenant_plan("acme", left), ENTRY), MANIFEST)
    assert (result.result, result.remaining) == (Result.UNCHANGED, (MISSING,))
    assert [(each.status, each.detail) for each in result.migrations] == [("skipped", "not proven")]
    assert result.counts == (a_pair(a_count(3), a_count(3)),)


def test_a_pending_migration_out_of_reach_is_no_drift() -> None:
    plan = note_findings(a_tenant_plan("acme", planned("2")), ENTRY)
    assert plan.remaining == ()


def test_a_migration_with_accepted_differences_has_a_note() -> None:
    accepted = AcceptedObject(kind="index", identity="public.idx_b", change="missing")
    plan = a_tenant_plan("acme", PlannedMigration(version="1", action=Action.SKIP, accepted=(accepted,)), planned("2"))
    assert [each.detail for each in idle_result(plan, MANIFEST).migrations] == [LEFT_ALONE, None]


def test_the_plan_of_a_tenant_that_changes_has_no_findings_of_the_audit() -> None:
    plan = a_tenant_plan("acme", planned("1", Action.REAPPLY))
    assert note_findings(plan, ENTRY) == plan
