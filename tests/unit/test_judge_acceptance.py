"""Accepted differences: which count, and which acceptances can be removed."""

from datetime import date

import pytest
from unit.literals import a_difference_entry, a_migration_entry, a_tenant_entry

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.audit_context import AcceptanceState
from pgfleet.documents.findings import CheckEntry, DifferenceEntry, MigrationEntry, MigrationStatus
from pgfleet.fleet.model import Acceptance
from pgfleet.judge.acceptance import accept, review
from pgfleet.judge.tenant import tenant_verdict

TODAY = date(2026, 11, 24)
DRIFTED = MigrationStatus.DRIFTED


def an_acceptance(
    tenant: str = "acme",
    identity: str = "public.idx_a",
    *,
    kind: str | None = None,
    change: str | None = None,
    until: date = TODAY,
) -> Acceptance:
    return Acceptance(
        tenant=tenant, kind=kind, identity=identity, change=change, owner="ana", reason="known", until=until
    )


def a_column(identity: str = "public.t.c", change: str = "changed") -> DifferenceEntry:
    return DifferenceEntry(kind="column", identity=identity, change=change, expected="text", actual="integer")


def drifted(*differences: DifferenceEntry, version: str = "1", passed: bool | None = None) -> MigrationEntry:
    checks = () if passed is None else (CheckEntry(name="indexes", passed=passed),)
    return a_migration_entry(DRIFTED, version, differences=differences, checks=checks)


def accepted(migration: MigrationEntry, *acceptances: Acceptance, today: date = TODAY) -> MigrationEntry:
    [found] = accept("acme", [migration], acceptances, today)
    return found


def states(*acceptances: Acceptance, tenants: list[TenantEntry], is_partial: bool = False) -> list[tuple[str, int]]:
    return [(each.state, each.matches) for each in review(acceptances, tenants, TODAY, is_partial=is_partial)]


@pytest.mark.parametrize(
    ("acceptance", "is_covered"),
    [
        pytest.param(an_acceptance(), True, id="by name"),
        pytest.param(an_acceptance("ac*", "public.idx_*"), True, id="by patterns"),
        pytest.param(an_acceptance("*", "*", kind="index", change="missing"), True, id="kind and change"),
        pytest.param(an_acceptance("Acme"), False, id="another letter case"),
        pytest.param(an_acceptance("borealis"), False, id="another tenant"),
        pytest.param(an_acceptance(identity="idx_a"), False, id="without its schema"),
        pytest.param(an_acceptance(kind="column"), False, id="another kind"),
        pytest.param(an_acceptance(change="changed"), False, id="another change"),
    ],
)
def test_an_acceptance_covers_what_all_its_keys_fit(acceptance: Acceptance, is_covered: bool) -> None:
    found = accepted(drifted(a_difference_entry()), acceptance)
    assert found.accepted is is_covered
    assert (found.differences[0].accepted is not None) is is_covered


def test_brackets_of_a_functions_arguments_are_no_pattern() -> None:
    function = DifferenceEntry(
        kind="function", identity="public.f(integer[])", change="missing", expected="", actual=None
    )
    assert accepted(drifted(function), an_acceptance(identity="public.f(integer[])")).accepted


def test_an_accepted_difference_has_owner_reason_and_last_day() -> None:
    [difference] = accepted(drifted(a_difference_entry()), an_acceptance(until=date(2026, 12, 31))).differences
    assert difference.accepted is not None
    assert difference.accepted.model_dump() == {"owner": "ana", "reason": "known", "until": date(2026, 12, 31)}


@pytest.mark.parametrize(
    ("until", "counts"),
    [(date(2026, 11, 23), True), (date(2026, 11, 24), False), (date(2026, 11, 25), False)],
    ids=["expired yesterday", "its last day is today", "tomorrow"],
)
def test_from_the_day_after_its_last_it_counts_again(until: date, counts: bool) -> None:
    found = accepted(drifted(a_difference_entry()), an_acceptance(until=until))
    assert tenant_verdict([found]) is (Verdict.BLOCKED if counts else Verdict.READY)
    assert found.status is DRIFTED, "the status stays the truth"


def test_one_difference_that_is_not_accepted_makes_the_migration_count() -> None:
    found = accepted(drifted(a_difference_entry(), a_column()), an_acceptance())
    assert not found.accepted
    assert [each.accepted is not None for each in found.differences] == [True, False]
    assert tenant_verdict([found]) is Verdict.BLOCKED


def test_failing_checks_are_taken_for_consequences_of_accepted_differences_and_of_nothing_else() -> None:
    everything = an_acceptance("*", "*")
    assert accepted(drifted(a_difference_entry(), passed=False), everything).accepted
    assert not accepted(drifted(passed=False), everything).accepted


def test_an_applied_migration_is_not_accepted_but_applied() -> None:
    found = accepted(a_migration_entry(), an_acceptance("*", "*"))
    assert (found.accepted, found.status) == (False, MigrationStatus.APPLIED)


def test_a_pending_migration_is_accepted_only_with_all_its_objects() -> None:
    pending = a_migration_entry(MigrationStatus.PENDING, differences=[a_difference_entry(), a_column()])
    assert accepted(pending, an_acceptance("*", "*")).accepted
    assert not accepted(pending, an_acceptance()).accepted


def test_the_first_matching_acceptance_in_force_is_recorded() -> None:
    expired, first, second = (an_acceptance(until=date(2026, 11, day)) for day in (1, 30, 25))
    [difference] = accepted(drifted(a_difference_entry()), expired, first, second).differences
    assert difference.accepted is not None
    assert difference.accepted.until == first.until


def test_matches_are_counted_in_all_tenants_and_an_object_of_two_migrations_once() -> None:
    both = (drifted(a_difference_entry()), drifted(a_difference_entry(), version="2"))
    tenants = [a_tenant_entry("acme", migrations=both), a_tenant_entry("acorn", migrations=both[:1])]
    assert states(an_acceptance("ac*"), tenants=tenants) == [("active", 2)]


@pytest.mark.parametrize(
    ("acceptance", "tenants", "is_partial", "state"),
    [
        pytest.param(an_acceptance(), [a_tenant_entry()], False, "unused", id="matches nothing any more"),
        pytest.param(an_acceptance("gone"), [a_tenant_entry()], False, "unused", id="fits no tenant"),
        pytest.param(
            an_acceptance(until=date(2026, 1, 1)), [a_tenant_entry()], False, "unused", id="expired and unused"
        ),
        pytest.param(an_acceptance(), [a_tenant_entry()], True, "unjudged", id="chosen tenants alone"),
        pytest.param(
            an_acceptance("a*"),
            [a_tenant_entry(), a_tenant_entry("acorn", Verdict.UNREACHABLE)],
            False,
            "unjudged",
            id="one that it fits is unreachable",
        ),
        pytest.param(
            an_acceptance(), [a_tenant_entry("acme", Verdict.UNKNOWN)], False, "unjudged", id="its tenant is unknown"
        ),
        pytest.param(
            an_acceptance(until=date(2026, 1, 1)), [a_tenant_entry()], True, "expired", id="expired and not judged"
        ),
        pytest.param(
            an_acceptance(),
            [a_tenant_entry(), a_tenant_entry("lost", Verdict.UNREACHABLE)],
            False,
            "unused",
            id="one that it does not fit is unreachable",
        ),
    ],
)
def test_what_matches_nothing_is_unused_only_where_every_tenant_that_it_fits_was_judged(
    acceptance: Acceptance, tenants: list[TenantEntry], is_partial: bool, state: str
) -> None:
    assert states(acceptance, tenants=tenants, is_partial=is_partial) == [(state, 0)]


def test_an_expired_acceptance_that_still_matches_is_reported() -> None:
    tenant = a_tenant_entry(migrations=[drifted(a_difference_entry())])
    assert states(an_acceptance(until=date(2026, 11, 23)), tenants=[tenant]) == [(AcceptanceState.EXPIRED, 1)]
