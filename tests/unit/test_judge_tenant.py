"""A tenant's verdict, and the reasons that make it unknown."""

from dataclasses import replace

import pytest
from unit.literals import (
    a_catalog,
    a_column,
    a_contract_entry,
    a_failure,
    a_migration,
    a_migration_entry,
    a_table,
    a_tenant,
    an_expected_catalog,
    an_index,
    an_object,
    assessed,
)

from pgfleet.catalog.objects import Catalog, ObjectKind
from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import PositionEntry, ScriptFaultEntry, TenantEntry, Verdict
from pgfleet.documents.findings import (
    CheckEntry,
    ContractEntry,
    CountEntry,
    DifferenceEntry,
    Evidence,
    LedgerState,
    MigrationEntry,
    MigrationStatus,
    RepairEntry,
    SeedEntry,
    SeedStatus,
    UnexpectedEntry,
)
from pgfleet.errors import (
    AccessRefused,
    ConnectionFailed,
    ConnectionLost,
    ManifestError,
    NoExpectedCatalog,
    PgfleetError,
    PrivilegeMissing,
    ReplayFailed,
    ScratchUnavailable,
    ScriptFaulty,
    StatementFailed,
    TryAgain,
)
from pgfleet.fleet.pooler import Pooler
from pgfleet.hazards.codes import HazardCode
from pgfleet.judge.migration import judge_migration
from pgfleet.judge.observations import CountObservation, LedgerRow, TenantObservation
from pgfleet.judge.tenant import check_scripts, inconclusive_entry, judge_tenant
from pgfleet.manifest.model import Priority
from pgfleet.repair.model import Strategy

EXPECTED = an_expected_catalog(
    ("1", [a_table("one"), a_column("one", "id", type="uuid")]),
    ("2", [a_table("one"), a_column("one", "id", type="uuid"), an_index("one", "idx_one", valid=True)]),
)
WHOLE = [each.object for each in EXPECTED.provenances]
ROW = LedgerRow(state=LedgerState.APPLIED, checksum="sum-1", run_id="run-1")
TENANT = a_tenant("acme", ring="canary", home="tenant_acme")
INSPECTION = TenantObservation(server_version="16.4", catalog=a_catalog(None), ledger={})
OPEN = CheckEntry(name="tables", passed=None, detail="statement timeout")
FAILED = CheckEntry(name="tables", passed=False, detail="missing: 1")


def judge(
    *migrations: MigrationEntry,
    inspection: TenantObservation = INSPECTION,
    seeds: tuple[SeedEntry, ...] = (),
    counts: tuple[CountObservation, ...] = (),
    contracts: tuple[ContractEntry, ...] = (),
) -> TenantEntry:
    assessment = replace(assessed(EXPECTED, WHOLE), unexpected=inspection.catalog.unexpected)
    return judge_tenant(TENANT, inspection, assessment, migrations, seeds, counts, contracts)


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        pytest.param("P0 applied, P1 applied", "ready", id="all applied"),
        pytest.param("P0 applied, P1 pending", "degraded", id="P1 pending"),
        pytest.param("P0 applied, P1 drifted", "degraded", id="P1 drifted"),
        pytest.param("P0 pending, P1 applied", "blocked", id="P0 pending"),
        pytest.param("P0 drifted, P1 applied", "blocked", id="P0 drifted"),
        pytest.param("P0 drifted, P1 drifted", "blocked", id="both"),
        pytest.param("P0 applied, P0 pending, P0 applied", "blocked", id="one P0 of three"),
        pytest.param("P1 pending, P1 drifted", "degraded", id="only P1 and all of it"),
    ],
)
def test_the_verdict_follows_the_worst_priority_that_is_not_applied(states: str, verdict: str) -> None:
    entries = [
        a_migration_entry(MigrationStatus(status), str(place), priority=Priority(priority))
        for place, (priority, status) in enumerate(each.split() for each in states.split(", "))
    ]
    tenant = judge(*entries)
    assert (tenant.verdict, tenant.reason) == (verdict, None)


def test_a_tenant_stays_blocked_if_only_rows_could_not_be_read() -> None:
    uncounted = CountObservation(table="one", rows=None, exact=True, fault="permission denied")
    tenant = judge(a_migration_entry(MigrationStatus.DRIFTED, priority=Priority.P0), counts=(uncounted,))
    assert (tenant.verdict, tenant.reason) == (Verdict.BLOCKED, "one could not be counted: permission denied")
    other = judge(a_migration_entry(MigrationStatus.DRIFTED, priority=Priority.P1), counts=(uncounted,))
    assert other.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("status", [SeedStatus.MISSING, SeedStatus.CUSTOMIZED, SeedStatus.PRESENT])
def test_a_seed_that_could_be_read_does_not_change_the_verdict(status: SeedStatus) -> None:
    seed = SeedEntry(name="rules", status=status, detail="something")
    tenant = judge(a_migration_entry(), seeds=(seed,))
    assert (tenant.verdict, tenant.reason, tenant.seeds) == (Verdict.READY, None, (seed,))


def test_a_missing_counted_table_does_not_change_the_verdict() -> None:
    tenant = judge(a_migration_entry(), counts=(CountObservation(table="one", rows=None, exact=True),))
    assert (tenant.verdict, tenant.counts) == (Verdict.READY, (CountEntry(table="one", rows=None, exact=True),))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        pytest.param(
            judge(
                a_migration_entry(),
                inspection=TenantObservation(
                    server_version="16.4",
                    catalog=a_catalog(None),
                    ledger={},
                    ledger_fault="permission denied for schema pgfleet",
                ),
            ),
            "the ledger could not be read: permission denied for schema pgfleet",
            id="ledger",
        ),
        pytest.param(
            judge(
                a_migration_entry(),
                inspection=TenantObservation(
                    server_version="16.4",
                    catalog=a_catalog(None, unreadable=["public.one", "ai_guardrails.two"]),
                    ledger={},
                ),
            ),
            "the role cannot read public.one, ai_guardrails.two; "
            "grant the role SELECT on them and USAGE on their schemas",
            id="tables that the role cannot read, though nothing else failed",
        ),
        pytest.param(
            judge(a_migration_entry(MigrationStatus.UNKNOWN, "20250315", checks=[OPEN])),
            "check 'tables' of 20250315 could not be completed: statement timeout",
            id="check",
        ),
        pytest.param(
            judge(a_migration_entry(MigrationStatus.DRIFTED, "20250315", checks=[FAILED, OPEN])),
            "check 'tables' of 20250315 could not be completed: statement timeout",
            id="check of a migration that is drifted",
        ),
        pytest.param(
            judge(
                a_migration_entry(),
                seeds=(SeedEntry(name="rules", status=SeedStatus.UNKNOWN, detail="permission denied"),),
            ),
            "seed rules could not be checked: permission denied",
            id="seed",
        ),
        pytest.param(
            judge(
                a_migration_entry(),
                counts=(CountObservation(table="one", rows=None, exact=False, fault="permission denied"),),
            ),
            "one could not be counted: permission denied",
            id="count",
        ),
        pytest.param(
            judge(
                a_migration_entry(MigrationStatus.PENDING, "1"),
                a_migration_entry(MigrationStatus.UNKNOWN, "2", checks=[OPEN, OPEN]),
                counts=(CountObservation(table="one", rows=None, exact=False, fault="permission denied"),),
            ),
            "check 'tables' of 2 could not be completed: statement timeout; "
            "one could not be counted: permission denied",
            id="several, each once, though a P0 is known to be pending",
        ),
    ],
)
def test_what_could_not_be_completed_makes_the_tenant_unknown(entry: TenantEntry, reason: str) -> None:
    assert (entry.verdict, entry.reason) == (Verdict.UNKNOWN, reason)


def test_the_entry_holds_all_that_was_read() -> None:
    catalog = Catalog(
        fingerprint="f00",
        managed=None,
        unexpected=(
            an_object(ObjectKind.CONSTRAINT, "one.users_fk", parent="one", definition="FOREIGN KEY (user_id)"),
            an_object(ObjectKind.TABLE, "extra", schema="ai_guardrails", definition="TABLE extra"),
        ),
    )
    migration = a_migration_entry()
    seed = SeedEntry(name="rules", status=SeedStatus.PRESENT)
    inspection = TenantObservation(
        server_version="17.2", catalog=catalog, ledger={"1": ROW}, pooler=Pooler.TRANSACTION, is_standby=True
    )
    counts = (
        CountObservation(table="one", rows=5, exact=True),
        CountObservation(table="two", rows=7_000_000, exact=False),
    )
    assert judge(migration, inspection=inspection, seeds=(seed,), counts=counts) == TenantEntry(
        name="acme",
        ring="canary",
        verdict=Verdict.READY,
        reason=None,
        server_version="17.2",
        fingerprint="f00",
        position=PositionEntry(version="2", applied=2, pending=0, unknown=0, by=Evidence.CATALOG),
        migrations=(migration,),
        unexpected=(
            UnexpectedEntry(kind="constraint", identity="tenant_acme.one.users_fk", actual="FOREIGN KEY (user_id)"),
            UnexpectedEntry(kind="table", identity="ai_guardrails.extra", actual="TABLE extra", shared=True),
        ),
        seeds=(seed,),
        counts=(CountEntry(table="one", rows=5, exact=True), CountEntry(table="two", rows=7_000_000, exact=False)),
        pooler=Pooler.TRANSACTION,
        standby=True,
        home="tenant_acme",
        read="full",
    )


@pytest.mark.parametrize(
    ("contracts", "verdict", "reason"),
    [
        pytest.param([a_contract_entry()], Verdict.READY, None, id="working"),
        pytest.param([a_contract_entry(a_failure())], Verdict.BLOCKED, None, id="a P0 contract is broken"),
        pytest.param(
            [a_contract_entry(), a_contract_entry(a_failure(), priority=Priority.P1)],
            Verdict.DEGRADED,
            None,
            id="a P1 contract is broken",
        ),
        pytest.param(
            [a_contract_entry(detail="no member of app")],
            Verdict.UNKNOWN,
            "contract of worker could not be checked: no member of app",
            id="one could not be checked",
        ),
        pytest.param(
            [a_contract_entry(a_failure(), detail="another took too long")],
            Verdict.BLOCKED,
            None,
            id="broken, whatever the statements that could not be checked",
        ),
    ],
)
def test_a_broken_contract_counts_where_every_migration_is_applied(
    contracts: list[ContractEntry], verdict: Verdict, reason: str | None
) -> None:
    entry = judge(a_migration_entry(), contracts=tuple(contracts))
    assert (entry.verdict, entry.reason, entry.contracts) == (verdict, reason, tuple(contracts))


def test_a_broken_p1_contract_does_not_soften_a_p0_migration() -> None:
    broken = a_contract_entry(a_failure(), priority=Priority.P1)
    assert judge(a_migration_entry(MigrationStatus.PENDING), contracts=(broken,)).verdict is Verdict.BLOCKED


def test_a_migrations_entry_holds_its_own_differences_and_none_that_a_missing_table_implies() -> None:
    assessment = assessed(EXPECTED, [])
    entries = [
        judge_migration(a_migration(version), assessment, [FAILED], recorded=None, home="tenant_acme")
        for version in ("1", "2")
    ]
    assert entries == [
        MigrationEntry(
            version="1",
            file="1_one.sql",
            priority=Priority.P0,
            status=MigrationStatus.PENDING,
            differences=(
                DifferenceEntry(
                    kind="table",
                    identity="tenant_acme.one",
                    change="missing",
                    expected="TABLE one",
                    actual=None,
                    repair=RepairEntry(way=Strategy.RERUN, version="1"),
                ),
            ),
            checks=(FAILED,),
        ),
        MigrationEntry(
            version="2",
            file="2_one.sql",
            priority=Priority.P0,
            status=MigrationStatus.PENDING,
            differences=(
                DifferenceEntry(
                    kind="index",
                    identity="tenant_acme.idx_one",
                    change="missing",
                    expected="CREATE INDEX idx_one ON one",
                    actual=None,
                    repair=RepairEntry(way=Strategy.RERUN, version="2"),
                ),
            ),
            checks=(FAILED,),
        ),
    ]


def test_a_changed_objects_entry_holds_both_definitions() -> None:
    found = [a_table("one"), a_column("one", "id", type="text"), an_index("one", "idx_one", valid=True)]
    assessment = assessed(EXPECTED, found, ledger="1")
    entry = judge_migration(a_migration("1", priority=Priority.P1), assessment, [], recorded=ROW, home="public")
    assert (entry.status, entry.priority) == (MigrationStatus.DRIFTED, Priority.P1)
    assert (entry.ledger, entry.altered) == (LedgerState.APPLIED, False)
    repair = RepairEntry(
        way=Strategy.SQL,
        statements=("ALTER TABLE one ALTER COLUMN id TYPE uuid USING id::uuid",),
        hazards=("takes ACCESS EXCLUSIVE", "rewrites the table", "may fail on existing rows"),
        hazard_codes=(HazardCode.LOCK_ACCESS_EXCLUSIVE, HazardCode.REWRITES_TABLE, HazardCode.MAY_FAIL_ON_ROWS),
    )
    assert entry.differences == (
        DifferenceEntry(
            kind="column", identity="public.one.id", change="changed", expected="uuid", actual="text", repair=repair
        ),
    )


FAULT = ScriptFaultEntry(file="2_b.sql", problem="line 2 column 20: no such type, on PostgreSQL 16.4")


def test_a_faulty_script_is_in_the_entry_of_every_tenant_that_it_keeps_from_being_judged() -> None:
    entry = inconclusive_entry(TENANT, ScriptFaulty("2_b.sql", "16.4", "line 2 column 20: no such type"))
    assert (entry.verdict, entry.script_fault) == (Verdict.UNKNOWN, FAULT)


def test_a_faulty_script_is_an_error_of_the_manifest_unless_some_tenant_was_judged() -> None:
    with pytest.raises(ManifestError) as caught:
        check_scripts([None, FAULT], is_any_judged=False)
    assert str(caught.value) == "2_b.sql: line 2 column 20: no such type, on PostgreSQL 16.4"
    check_scripts([None, FAULT], is_any_judged=True)
    check_scripts([None, None], is_any_judged=False)


@pytest.mark.parametrize(
    ("error", "because"),
    [
        (ConnectionFailed("starting up", "", None, ConnectFailure.STARTING), ConnectFailure.STARTING),
        (ConnectionFailed("server is starting"), ConnectFailure.OTHER),
        (ConnectionLost("server closed the connection"), ConnectFailure.CONNECTION_LOST),
        (AccessRefused("no password", "", None, ConnectFailure.NO_PASSWORD), ConnectFailure.NO_PASSWORD),
        (TryAgain("lock timeout", "55P03"), None),
        (PrivilegeMissing("permission denied", "42501"), None),
        (StatementFailed("division by zero", "22012"), None),
        (NoExpectedCatalog("no PostgreSQL 16 server answered"), None),
        (ScratchUnavailable("db1:5432", "permission denied to create database"), None),
        (ReplayFailed("1_one.sql", "16.4", "syntax error"), None),
        (PgfleetError("anything else"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, PgfleetError) else str(value),
)
def test_an_error_makes_the_tenant_unreachable_or_unknown_with_its_words(
    error: PgfleetError, because: ConnectFailure | None
) -> None:
    assert inconclusive_entry(TENANT, error) == TenantEntry(
        name="acme",
        ring="canary",
        verdict=Verdict.UNREACHABLE if because else Verdict.UNKNOWN,
        reason=str(error),
        unreachable_because=because,
    )
