"""The outcome, exit status, and summary of an audit."""

from itertools import combinations

import pytest
from unit.literals import FINISHED, STARTED, a_manifest, a_migration, a_migration_entry, a_tenant_entry

from pgfleet.documents.audit import AuditDocument, ManifestEntry, SkippedEntry, TenantEntry, Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.judge.summary import (
    EXIT_STATUS,
    Outcome,
    build_document,
    format_summary,
    outcome_of,
    summarize,
    worst_first,
)

SKIPPED = (SkippedEntry(name="initech", reason="its state is suspended"),)


def entries(*verdicts: str, drifted: bool = False) -> list[TenantEntry]:
    """Tenants with these verdicts; the first has drift if `drifted`."""
    found = [a_tenant_entry(f"t{place}", Verdict(verdict)) for place, verdict in enumerate(verdicts)]
    if drifted:
        found[0] = found[0].model_copy(update={"migrations": (a_migration_entry(MigrationStatus.DRIFTED),)})
    return found


@pytest.mark.parametrize(
    ("verdicts", "outcome", "status"),
    [
        ([], Outcome.READY, 0),
        (["ready", "ready"], Outcome.READY, 0),
        (["ready", "degraded"], Outcome.PENDING, 1),
        (["blocked", "ready"], Outcome.PENDING, 1),
        (["degraded", "blocked"], Outcome.PENDING, 1),
        (["ready", "unreachable"], Outcome.INCOMPLETE, 3),
        (["ready", "unknown"], Outcome.INCOMPLETE, 3),
        (["blocked", "unreachable", "ready"], Outcome.PENDING_INCOMPLETE, 3),
        (["unknown", "degraded"], Outcome.PENDING_INCOMPLETE, 3),
    ],
    ids=lambda value: ",".join(value) or "no tenants" if isinstance(value, list) else "",
)
def test_the_outcome_and_its_exit_status(verdicts: list[str], outcome: Outcome, status: int) -> None:
    assert outcome_of(entries(*verdicts)) is outcome
    assert EXIT_STATUS[outcome] == status


@pytest.mark.parametrize(
    ("verdicts", "outcome", "status"),
    [
        (["blocked", "degraded"], Outcome.DRIFTED, 1),
        (["degraded", "ready"], Outcome.DRIFTED, 1),
        (["blocked", "unreachable"], Outcome.DRIFTED_INCOMPLETE, 3),
        (["unknown", "ready"], Outcome.DRIFTED_INCOMPLETE, 3),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, list) else "",
)
def test_drift_is_named_beside_tenants_that_could_not_be_inspected(
    verdicts: list[str], outcome: Outcome, status: int
) -> None:
    assert outcome_of(entries(*verdicts, drifted=True)) is outcome
    assert EXIT_STATUS[outcome] == status


def test_any_set_of_verdicts_is_ready_only_if_all_are() -> None:
    for size in range(1, len(Verdict) + 1):
        for verdicts in combinations(Verdict, size):
            assert (outcome_of(entries(*verdicts)) is Outcome.READY) == (set(verdicts) == {Verdict.READY})


def test_outcomes_are_the_names_of_final_states() -> None:
    assert [str(each) for each in EXIT_STATUS] == [
        "Ready",
        "Pending",
        "Drifted",
        "Incomplete",
        "Pending, incomplete",
        "Drifted, incomplete",
    ]


def test_tenants_are_counted_by_verdict_in_the_documents_order() -> None:
    summary = summarize(entries("blocked", "ready", "blocked", "unknown", "ready", "ready"))
    expected = {"tenants": 6, "ready": 3, "degraded": 0, "blocked": 2, "unreachable": 0, "unknown": 1}
    assert list(summary.items()) == list(expected.items())


def test_a_summarys_keys_are_plain_text() -> None:
    assert {type(key) for key in summarize(())} == {str}


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([], "no tenants"),
        (["ready"], "1 tenant: 1 ready"),
        (["ready", "ready"], "2 tenants: 2 ready"),
        (["unreachable", "ready", "blocked", "blocked"], "4 tenants: 1 ready, 2 blocked, 1 unreachable"),
    ],
    ids=["none", "one", "all ready", "some"],
)
def test_the_summary_in_words(verdicts: list[str], words: str) -> None:
    assert format_summary(summarize(entries(*verdicts))) == words


def test_tenants_worst_first_and_by_name_within_a_verdict() -> None:
    verdicts = ("ready", "degraded", "unknown", "unreachable", "blocked", "blocked")
    given = [a_tenant_entry(name, Verdict(verdict)) for name, verdict in zip("fedcba", verdicts, strict=True)]
    assert [each.name for each in worst_first(given)] == ["a", "b", "c", "d", "e", "f"]
    assert worst_first(given[::-1]) == worst_first(given)


def test_the_document_keeps_the_order_of_the_fleet_file() -> None:
    tenants = entries("ready", "blocked", "degraded")
    manifest = a_manifest(a_migration("20250328"), a_migration("20250315", name="two"))
    document = build_document(
        "prod", "run-7", manifest, iter(tenants), SKIPPED, started_at=STARTED, finished_at=FINISHED
    )
    assert document == AuditDocument(
        schema_version=1,
        environment="prod",
        run_id="run-7",
        started_at=STARTED,
        finished_at=FINISHED,
        manifest=ManifestEntry(
            checksum=manifest.checksum,
            migrations=("20250328", "20250315"),
            scripts=tuple(each.script.checksum for each in manifest.migrations),
        ),
        summary={**summarize(tenants), "skipped": 1},
        tenants=tuple(tenants),
        skipped=SKIPPED,
    )
