"""What a run tells Prefect's automations."""

from collections.abc import Iterator

import pytest
from unit.literals import FINISHED, a_difference_entry, a_document, a_migration_entry, a_tenant_entry
from unit.repair_literals import a_repair, a_repair_document
from unit.rollout_literals import DIGEST, a_plan, a_result, a_rollout, a_tenant_plan, planned

from pgfleet.documents.audit import Verdict
from pgfleet.documents.audit_context import Source
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result
from pgfleet.judge.trend import PreviousAudit, add_trend
from pgfleet.reports import events
from pgfleet.reports.event_kinds import EVENT_KINDS, LABELS, MOST_TENANTS

READY = a_document(a_tenant_entry())
BLOCKED = a_document(
    a_tenant_entry(
        "acme",
        Verdict.BLOCKED,
        migrations=[a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference_entry()])],
    ),
    a_tenant_entry("borealis", Verdict.UNREACHABLE, reason="no connection"),
)


def since(document: object, previous: object) -> list[events.Event]:
    compared = add_trend(document, PreviousAudit(document=previous, source=Source.PREFECT))  # type: ignore[arg-type]
    return list(events.of_audit(compared, is_partial=False))


def emitted() -> Iterator[events.Event]:
    """At least one event of each kind."""
    yield from events.of_audit(BLOCKED, is_partial=False)
    for outcome in ("Halted", "Refused"):
        yield from events.of_rollout(a_rollout(outcome=outcome, reason="why"))
    yield events.of_approval(a_plan(a_tenant_plan("acme", planned("1", Action.APPLY))), "run-7")
    yield events.of_repair(a_repair_document(a_repair()))


def test_the_reference_lists_the_labels_and_payloads_that_are_emitted() -> None:
    kinds = {each.name: each for each in EVENT_KINDS}
    found = list(emitted())
    assert {each.name for each in found} == kinds.keys()
    assert all(tuple(each.labels) == kinds[each.name].labels for each in found)
    assert all(list(each.payload) == list(kinds[each.name].payload.__annotations__) for each in found)
    assert {label for each in EVENT_KINDS for label in each.labels} == LABELS.keys()


def test_an_audit_that_found_nothing_is_finished_and_no_more() -> None:
    [finished] = events.of_audit(READY, is_partial=False)
    assert finished.name == "pgfleet.audit.finished"
    assert finished.resource == {
        "prefect.resource.id": "pgfleet.environment.prod",
        "prefect.resource.name": "prod",
        "pgfleet.environment": "prod",
        "pgfleet.outcome": "ready",
        "pgfleet.whole": "true",
        "pgfleet.new-findings": "false",
    }
    assert finished.related == []
    assert (finished.payload["exit_status"], finished.payload["said"]) == (0, "1 tenant: 1 ready")


def test_the_first_audit_finds_everything_new() -> None:
    finished, blocked, unreachable = events.of_audit(BLOCKED, is_partial=True)
    assert (finished.labels["outcome"], finished.labels["whole"]) == ("drifted-incomplete", "false")
    assert (finished.labels["new-findings"], finished.payload["new"]) == ("true", 2)
    assert (blocked.name, blocked.payload["tenants"]) == ("pgfleet.tenant.blocked", ["acme"])
    assert (unreachable.name, unreachable.payload["count"]) == ("pgfleet.tenant.unreachable", 1)
    assert finished.payload["new_findings"] == (
        "acme: 1 drifted: index public.idx_a is missing",
        "borealis: no connection",
    )
    [acme] = blocked.related
    assert acme["prefect.resource.id"] == "pgfleet.tenant.prod.acme"


def test_persisting_differences_are_not_new_and_new_ones_have_a_message() -> None:
    same, *_ = since(BLOCKED, BLOCKED)
    assert (same.labels["new-findings"], same.payload["persisting"]) == ("false", 2)
    worse, *_ = since(BLOCKED, a_document(a_tenant_entry(), a_tenant_entry("borealis")))
    assert worse.payload["new_findings"] == ("acme: index public.idx_a is missing", "borealis: now unreachable")
    better, *_ = since(a_document(a_tenant_entry(), a_tenant_entry("borealis")), BLOCKED)
    assert (better.labels["new-findings"], better.payload["resolved"]) == ("false", 2)


def test_a_storm_of_tenants_is_one_event_that_names_so_many() -> None:
    document = a_document(*(a_tenant_entry(f"t{number}", Verdict.BLOCKED) for number in range(300)))
    _, blocked = events.of_audit(document, is_partial=False)
    assert blocked.payload["count"] == 300
    assert len(blocked.related) == len(blocked.payload["tenants"]) == MOST_TENANTS  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "names"),
    [
        ("Completed", ["pgfleet.rollout.finished"]),
        ("Failed", ["pgfleet.rollout.finished"]),
        ("Halted", ["pgfleet.rollout.finished", "pgfleet.rollout.halted"]),
        ("Refused", ["pgfleet.rollout.finished", "pgfleet.rollout.refused"]),
    ],
)
def test_a_rollout_that_halted_or_was_refused_says_so_besides(outcome: str, names: list[str]) -> None:
    document = a_rollout(a_result("acme", Result.FAILED), a_result("cobalt"), outcome=outcome, reason="why")
    found = list(events.of_rollout(document))
    assert [each.name for each in found] == names
    assert found[-1].labels == {"outcome": outcome.lower(), "what": "rollout", "dry-run": "false"}
    assert (found[-1].payload["failed"], found[-1].payload["reason"]) == (["acme"], "why")
    assert [each["prefect.resource.name"] for each in found[-1].related] == ["acme"]


def test_a_label_identifies_a_dry_run_that_halted() -> None:
    [finished] = events.of_rollout(a_rollout(a_result(), dry_run=True))
    assert (finished.labels["what"], finished.labels["dry-run"]) == ("dry-run", "true")


def test_a_question_names_the_tenants_that_would_be_changed() -> None:
    changing = a_tenant_plan("acme", planned("1", Action.APPLY))
    asked = events.of_approval(a_plan(changing, a_tenant_plan("cobalt", planned("1"))), "run-7")
    assert asked.payload == {"run_id": "run-7", "plan_digest": DIGEST, "tenants": 1}
    assert list(asked.tenants) == ["acme"]


def test_a_repair_says_what_came_of_it() -> None:
    finished = events.of_repair(a_repair_document(a_repair()))
    assert finished.name == "pgfleet.repair.finished"
    assert finished.labels == {"outcome": "completed", "dry-run": "false"}
    assert FINISHED.isoformat() not in str(finished.payload), "the run has its times already"
