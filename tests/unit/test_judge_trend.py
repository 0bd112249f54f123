"""Which findings are new, persist, or are resolved."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import pytest
from unit.literals import (
    FINISHED,
    a_contract_entry,
    a_difference_entry,
    a_document,
    a_failure,
    a_migration_entry,
    a_tenant_entry,
)

from pgfleet.documents.audit import AuditDocument, TenantEntry, Verdict
from pgfleet.documents.audit_context import AcceptedEntry, FindingEntry, Source, TrendEntry
from pgfleet.documents.findings import ContractEntry, DifferenceEntry, MigrationEntry, MigrationStatus
from pgfleet.judge.trend import PreviousAudit, add_trend, restrict_to_tenants

DRIFTED, PENDING = MigrationStatus.DRIFTED, MigrationStatus.PENDING
EARLIER = FINISHED - timedelta(days=1)
ACCEPTED = AcceptedEntry(owner="ana", reason="known", until=date(2030, 1, 1))

Told = list[tuple[str, str, str]]


def a_difference(
    identity: str = "public.idx_a",
    *,
    kind: str = "index",
    change: str = "missing",
    accepted: bool = False,
    since: datetime | None = None,
) -> DifferenceEntry:
    return DifferenceEntry(
        kind=kind,
        identity=identity,
        change=change,
        expected="",
        actual=None,
        accepted=ACCEPTED if accepted else None,
        since=since,
    )


def drifted(*differences: DifferenceEntry, version: str = "1", accepted: bool = False) -> MigrationEntry:
    entry = a_migration_entry(DRIFTED, version, differences=differences)
    return entry.model_copy(update={"accepted": accepted})


def pending(*differences: DifferenceEntry, version: str = "1") -> MigrationEntry:
    return a_migration_entry(PENDING, version, differences=differences)


def acme(*migrations: MigrationEntry, verdict: Verdict = Verdict.BLOCKED) -> TenantEntry:
    return a_tenant_entry("acme", verdict, migrations=migrations)


def lost(name: str = "acme", verdict: Verdict = Verdict.UNREACHABLE) -> TenantEntry:
    return a_tenant_entry(name, verdict, reason="no answer", server_version=None)


READY = a_tenant_entry("acme", migrations=[a_migration_entry()])


def previous(*tenants: TenantEntry, finished_at: datetime = EARLIER) -> PreviousAudit:
    document = a_document(*tenants).model_copy(update={"run_id": "run-6", "finished_at": finished_at})
    return PreviousAudit(document=document, source=Source.PREFECT)


def compared(before: Iterable[TenantEntry], now: Iterable[TenantEntry]) -> TrendEntry:
    since = add_trend(a_document(*now), previous(*before)).since
    assert since is not None
    return since


def told(findings: Iterable[FindingEntry]) -> Told:
    return [(each.kind, each.identity, each.change) for each in findings]


INDEX = ("index", "public.idx_a", "missing")


@pytest.mark.parametrize(
    ("before", "now", "new", "persisting", "resolved"),
    [
        pytest.param(READY, acme(drifted(a_difference())), [INDEX], 0, [], id="appears"),
        pytest.param(acme(drifted(a_difference())), acme(drifted(a_difference())), [], 1, [], id="persists"),
        pytest.param(acme(drifted(a_difference())), READY, [], 0, [INDEX], id="is resolved"),
        pytest.param(
            acme(drifted(a_difference(change="changed"))),
            acme(drifted(a_difference())),
            [INDEX],
            0,
            [],
            id="changed, then missing: not resolved",
        ),
        pytest.param(
            READY,
            acme(pending(a_difference(), a_difference("public.t", kind="table"))),
            [("migration", "1", "pending")],
            0,
            [],
            id="a pending migration is one finding",
        ),
        pytest.param(
            acme(pending(a_difference(), a_difference("public.idx_b"))),
            acme(drifted(a_difference())),
            [],
            1,
            [],
            id="a pending migration that was applied in part",
        ),
        pytest.param(
            acme(drifted(a_difference())),
            acme(pending(a_difference(), a_difference("public.idx_b"))),
            [],
            1,
            [],
            id="a drifted one of which nothing is left",
        ),
        pytest.param(
            READY, acme(drifted()), [("migration", "1", "drifted")], 0, [], id="drifted by its checks or the ledger"
        ),
        pytest.param(
            READY,
            acme(drifted(a_difference()), drifted(a_difference(), version="2")),
            [INDEX],
            0,
            [],
            id="an object of two migrations is one finding",
        ),
        pytest.param(READY, lost(), [("tenant", "acme", "unreachable")], 0, [], id="unreachable now"),
        pytest.param(lost(), lost(), [], 1, [], id="unreachable still"),
        pytest.param(lost(), READY, [], 0, [("tenant", "acme", "unreachable")], id="reachable again"),
        pytest.param(
            lost(), lost(verdict=Verdict.UNKNOWN), [("tenant", "acme", "unknown")], 0, [], id="unknown instead"
        ),
        pytest.param(
            READY, acme(drifted(a_difference(accepted=True), accepted=True)), [], 0, [], id="accepted from the first"
        ),
        pytest.param(
            acme(drifted(a_difference())),
            acme(drifted(a_difference(accepted=True), accepted=True)),
            [],
            0,
            [],
            id="accepted now, which is not resolved",
        ),
        pytest.param(
            acme(drifted(a_difference(accepted=True), accepted=True)),
            acme(drifted(a_difference())),
            [INDEX],
            0,
            [],
            id="accepted no longer: it counts from now on",
        ),
    ],
)
def test_from_one_audit_to_the_next(
    before: TenantEntry, now: TenantEntry, new: Told, persisting: int, resolved: Told
) -> None:
    found = compared([before], [now])
    assert (told(found.new), found.persisting, told(found.resolved)) == (new, persisting, resolved)
    assert found.not_judged == 0


@pytest.mark.parametrize(
    "now",
    [
        pytest.param([lost()], id="unreachable"),
        pytest.param([lost(verdict=Verdict.UNKNOWN)], id="unknown"),
        pytest.param([a_tenant_entry("renamed", migrations=[a_migration_entry()])], id="renamed"),
        pytest.param([], id="no longer in the fleet"),
    ],
)
def test_what_is_in_a_tenant_that_is_not_judged_now_is_not_resolved(now: list[TenantEntry]) -> None:
    found = compared([acme(drifted(a_difference(), a_difference("public.idx_b")))], now)
    assert (found.resolved, found.not_judged) == ((), 2)


def test_what_a_missing_table_has_taken_with_it_is_not_resolved() -> None:
    column = a_difference("public.t.c", kind="column", change="changed")
    table = a_difference("public.t", kind="table")
    found = compared([acme(drifted(column))], [acme(drifted(table))])
    assert (told(found.new), found.resolved, found.not_judged) == ([("table", "public.t", "missing")], (), 1)


def test_a_table_that_was_missing_before_covers_nothing() -> None:
    table = a_difference("public.t", kind="table")
    found = compared([acme(drifted(table, a_difference()))], [acme(drifted(table))])
    assert (told(found.resolved), found.not_judged) == ([INDEX], 0)


@pytest.mark.parametrize("before", [[lost()], [], [lost("other")]], ids=["unreachable", "nobody", "somebody else"])
def test_in_a_tenant_that_was_not_judged_before_every_finding_is_new_and_marked(before: list[TenantEntry]) -> None:
    [new] = compared(before, [acme(drifted(a_difference()))]).new
    assert (new.identity, new.judged_before) == ("public.idx_a", False)


def test_the_first_audit_that_saw_it_dates_a_finding() -> None:
    long_ago = EARLIER - timedelta(days=30)
    before = acme(drifted(a_difference(since=long_ago), a_difference("public.idx_b")))
    now = acme(drifted(a_difference(), a_difference("public.idx_b"), a_difference("public.idx_c")))
    document = add_trend(a_document(now), previous(before))
    assert [each.since for each in differences(document)] == [long_ago, EARLIER, FINISHED]
    assert [each.since for each in (document.since.new if document.since else ())] == [FINISHED]


def differences(document: AuditDocument) -> list[DifferenceEntry]:
    return [each for tenant in document.tenants for entry in tenant.migrations for each in entry.differences]


def test_migrations_and_tenants_are_dated_too_and_what_is_right_is_not() -> None:
    before = [acme(pending(), a_migration_entry(version="2")), lost("lost")]
    document = add_trend(a_document(*before), previous(*before))
    assert [each.since for each in document.tenants[0].migrations] == [EARLIER, None]
    assert [each.since for each in document.tenants] == [None, EARLIER]


def test_what_is_accepted_keeps_its_date() -> None:
    long_ago = EARLIER - timedelta(days=30)
    before = acme(drifted(a_difference(accepted=True, since=long_ago), accepted=True))
    document = add_trend(a_document(acme(drifted(a_difference()))), previous(before))
    assert [each.since for each in differences(document)] == [long_ago]


def test_without_a_previous_audit_everything_is_dated_by_this_one_and_nothing_is_compared() -> None:
    document = add_trend(a_document(acme(drifted(a_difference_entry()))), None)
    assert document.since is None
    assert [each.since for each in differences(document)] == [FINISHED]


def test_the_previous_audit_is_named() -> None:
    found = compared([READY], [READY])
    assert (found.previous_run_id, found.previous_finished_at, found.source) == ("run-6", EARLIER, Source.PREFECT)


def test_an_audit_of_selected_tenants_is_compared_only_with_the_same_tenants() -> None:
    document = a_document(READY)
    before = restrict_to_tenants(document, previous(acme(drifted(a_difference())), lost("other")))
    since = add_trend(document, before).since
    assert since is not None
    assert (told(since.resolved), since.not_judged) == ([INDEX], 0)


def test_every_finding_of_now_is_new_or_persists() -> None:
    now = [acme(drifted(a_difference(), a_difference("public.idx_b")), pending(version="2")), lost("lost")]
    found = compared([acme(drifted(a_difference()))], now)
    assert len(found.new) + found.persisting == 4


def worker(*, works: bool = False) -> ContractEntry:
    return a_contract_entry(*(() if works else (a_failure(),)))


def with_contract(contract: ContractEntry, *migrations: MigrationEntry) -> TenantEntry:
    return a_tenant_entry("acme", Verdict.BLOCKED, migrations=migrations or [a_migration_entry()], contracts=[contract])


def test_a_contract_that_breaks_where_all_is_applied_is_new_persists_and_is_resolved() -> None:
    whole, broken = with_contract(worker(works=True)), with_contract(worker())
    first = add_trend(a_document(broken), previous(whole))
    assert first.since is not None
    assert [(each.kind, each.identity, each.change) for each in first.since.new] == [("contract", "worker", "broken")]
    assert first.tenants[0].contracts[0].since == FINISHED
    again = add_trend(a_document(broken), PreviousAudit(document=dated(first), source=Source.PREFECT))
    assert again.since is not None
    assert (again.since.new, again.since.persisting) == ((), 1)
    assert again.tenants[0].contracts[0].since == EARLIER
    mended = add_trend(a_document(whole), PreviousAudit(document=dated(first), source=Source.PREFECT))
    assert mended.since is not None
    assert [(each.kind, each.since) for each in mended.since.resolved] == [("contract", EARLIER)]
    assert mended.tenants[0].contracts[0].since is None


def dated(document: AuditDocument) -> AuditDocument:
    """The same as if it had been a day earlier."""
    return AuditDocument.model_validate_json(
        document.model_dump_json().replace(FINISHED.isoformat().replace("+00:00", "Z"), EARLIER.isoformat())
    )


def named(difference: DifferenceEntry, message: str, statement: str | None = "fetch") -> tuple[TrendEntry, TenantEntry]:
    broken = a_contract_entry(a_failure(statement, message))
    document = add_trend(a_document(with_contract(broken, drifted(difference))), previous(READY))
    assert document.since is not None
    return document.since, document.tenants[0]


@pytest.mark.parametrize(
    ("difference", "message"),
    [
        (a_difference("public.t.a", kind="column"), 'column "a" does not exist'),
        (a_difference("public.t.a", kind="column"), "column t.a does not exist"),
        (a_difference('public.t."a$b"', kind="column"), 'column "a$b" of relation "t" does not exist'),
        (a_difference("s.rules", kind="table"), 'relation "s.rules" does not exist'),
        (a_difference("public.f(integer, text)", kind="function"), "function f(integer, text) does not exist"),
        (a_difference("public.t SELECT TO app", kind="privilege"), "permission denied for table t"),
    ],
)
def test_a_finding_that_breaks_a_contract_names_it_and_replaces_its_finding(
    difference: DifferenceEntry, message: str
) -> None:
    since, tenant = named(difference, message)
    assert [(each.kind, each.identity, each.breaks) for each in since.new] == [
        (difference.kind, difference.identity, ("worker",))
    ]
    assert tenant.contracts[0].since == FINISHED


@pytest.mark.parametrize(
    ("message", "statement"),
    [
        ('column "ab" does not exist', "fetch"),
        ("permission denied for sequence t_id_seq", "fetch"),
        ('role "a" does not exist', None),
    ],
    ids=["a longer name", "something else", "the role"],
)
def test_a_contract_broken_for_another_reason_is_a_finding(message: str, statement: str | None) -> None:
    since, _ = named(a_difference("public.t.a", kind="column"), message, statement)
    assert [(each.kind, each.change, each.message, each.breaks) for each in since.new] == [
        ("column", "missing", None, ()),
        ("contract", "broken", message, ()),
    ]


def test_a_contract_with_an_unexplained_failure_is_a_finding() -> None:
    broken = a_contract_entry(a_failure(message='column "a" does not exist'), a_failure("put", "permission denied"))
    column = a_difference("public.t.a", kind="column")
    found = compared([READY], [with_contract(broken, drifted(column))])
    assert [(each.kind, each.breaks) for each in found.new] == [("column", ("worker",)), ("contract", ())]


def test_a_pending_migration_breaks_what_its_objects_break() -> None:
    table = a_difference("public.t", kind="table")
    broken = a_contract_entry(a_failure(message='relation "t" does not exist'))
    found = compared([READY], [with_contract(broken, pending(table))])
    assert [(each.kind, each.breaks) for each in found.new] == [("migration", ("worker",))]


def test_what_is_accepted_explains_no_broken_contract() -> None:
    accepted = drifted(a_difference("public.t.a", kind="column", accepted=True), accepted=True)
    found = compared([READY], [with_contract(worker(), accepted)])
    assert [(each.kind, each.message) for each in found.new] == [("contract", 'column "a" does not exist')]


def test_a_contract_that_could_not_be_tried_is_not_resolved() -> None:
    before = with_contract(worker())
    unknown = with_contract(a_contract_entry(detail="no member of app")).model_copy(update={"verdict": Verdict.UNKNOWN})
    found = compared([before], [unknown])
    assert (found.resolved, found.not_judged) == ((), 1)


def test_a_contract_still_broken_after_its_cause_is_fixed_persists() -> None:
    before = with_contract(worker(), drifted(a_difference("public.t.a", kind="column")))
    found = compared([before], [with_contract(worker())])
    assert (found.new, found.persisting, [each.kind for each in found.resolved]) == ((), 1, ["column"])
