"""The result of a ring, after its tenants and after its soak."""

from unit.literals import a_difference_entry, a_migration_entry, a_tenant_entry
from unit.rollout_literals import a_result, a_ring, a_seed_step, a_step, a_tenant_plan, a_watch_entry, planned

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.ring import RingOutcome
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.reports.phrases.rollout import ring_sentence
from pgfleet.rollout.rings import find_unsettled, finish_ring, has_changed, watch_halt_reason

FAILED, DONE = Result.FAILED, Result.DONE

PENDING, DRIFTED, APPLIED = MigrationStatus.PENDING, MigrationStatus.DRIFTED, MigrationStatus.APPLIED


def test_a_ring_halts_over_its_budget_and_a_dry_run_never() -> None:
    results = [a_result("a", FAILED), a_result("b", DONE)]
    ring = finish_ring("main", 0, results, [], dry_run=False)
    assert (ring.outcome, ring.reason) == (RingOutcome.HALTED, "1 failure, 0 allowed")
    assert finish_ring("main", 1, results, [], dry_run=False).outcome is RingOutcome.COMPLETED
    assert finish_ring("main", 0, results, [], dry_run=True).outcome is RingOutcome.COMPLETED


def test_what_a_service_can_see_is_a_change_and_the_ledger_is_none() -> None:
    assert has_changed([a_result("a", DONE, a_step(action=Action.REAPPLY))])
    assert has_changed([a_result("a", DONE, seeds=[a_seed_step(rows_added=2)])])
    assert not has_changed([a_result("a", DONE, a_step(action=Action.ADOPT))])
    assert not has_changed([a_result("a", FAILED, a_step(status=StepStatus.FAILED))])


def test_findings_of_the_watch_count_with_those_that_failed_each_tenant_once() -> None:
    ring = a_ring(budget=1)
    found = [a_watch_entry("a", is_finding=True), a_watch_entry("a", is_finding=True, watch="another")]
    assert watch_halt_reason(ring, [a_result("a", FAILED)], found) is None
    assert watch_halt_reason(ring, [a_result("b", FAILED)], found) == "the watch found tasks that are not taken in a"
    assert watch_halt_reason(ring, [a_result("b", FAILED), a_result("c", FAILED)], [a_watch_entry("a")]) is None


def test_a_ring_is_not_settled_if_a_finished_tenant_has_drifted() -> None:
    plans = [a_tenant_plan(name, planned("1")) for name in "abcd"]
    results = [a_result("a", DONE), a_result("b", Result.UNCHANGED), a_result("c", FAILED), a_result("d", DONE)]
    entries = [
        a_tenant_entry("a", migrations=[a_migration_entry(DRIFTED, "1")]),
        a_tenant_entry("b", migrations=[a_migration_entry(APPLIED, "1"), a_migration_entry(PENDING, "2")]),
        a_tenant_entry("c", migrations=[a_migration_entry(DRIFTED, "1")]),
        a_tenant_entry("d", Verdict.UNREACHABLE, reason="no answer"),
    ]
    assert find_unsettled(results, plans, entries) == ["a (1 drifted)", "d (no answer)"], "2 is outside of the scope"


def test_remaining_drift_does_not_unsettle_a_ring_but_new_drift_does() -> None:
    known = a_difference_entry()
    new = known.model_copy(update={"identity": "public.idx_b"})
    results = [a_result(name, DONE).model_copy(update={"remaining": (known,)}) for name in "ab"]
    entries = [
        a_tenant_entry("a", migrations=[a_migration_entry(DRIFTED, "1", differences=[known])]),
        a_tenant_entry("b", migrations=[a_migration_entry(DRIFTED, "1", differences=[known, new])]),
    ]
    assert find_unsettled(results, [a_tenant_plan(name, planned("1")) for name in "ab"], entries) == ["b (1 drifted)"]


def test_a_ring_completes_with_findings() -> None:
    left = a_result("a", DONE).model_copy(update={"remaining": (a_difference_entry(),)})
    ring = finish_ring("main", 0, [left, a_result("b", DONE)], [], dry_run=False)
    assert (ring.outcome, ring.findings) == (RingOutcome.COMPLETED, 1)
    assert ring_sentence(ring) == "Ring main completed; 1 tenant still has findings"


def test_what_is_accepted_unsettles_no_ring() -> None:
    drifted = a_migration_entry(DRIFTED, "1").model_copy(update={"accepted": True})
    entries = [a_tenant_entry("a", migrations=[drifted])]
    assert find_unsettled([a_result("a", DONE)], [a_tenant_plan("a", planned("1"))], entries) == []
