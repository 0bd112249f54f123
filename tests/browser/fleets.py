"""Audit documents of whole fleets on the shipped manifest, made up of the literals: a few tenants, or a thousand."""

from collections.abc import Sequence
from datetime import date, timedelta

from unit.literals import FINISHED, STARTED, a_document

from pgfleet.documents.audit import AuditDocument, SkippedEntry, TenantEntry, Verdict
from pgfleet.documents.audit_context import (
    AcceptanceEntry,
    AcceptanceState,
    FindingEntry,
    LossEntry,
    Source,
    TrendEntry,
    VariantDifference,
    VariantEntry,
)
from pgfleet.documents.findings import (
    CheckEntry,
    ContractEntry,
    CountEntry,
    DifferenceEntry,
    LedgerState,
    MigrationEntry,
    MigrationStatus,
    RepairEntry,
    SeedEntry,
    SeedStatus,
    StatementFailureEntry,
    UnexpectedEntry,
)
from pgfleet.manifest.model import Migration, Priority
from pgfleet.repair.model import Strategy
from pgfleet.run.files import load_manifest
from pgfleet.run.shipped import sql_folder

MANIFEST = load_manifest(sql_folder() / "manifest.toml")
YESTERDAY = FINISHED - timedelta(days=1)
NAMES = (
    "acme",
    "borealis",
    "cumulus",
    "dynamo",
    "ember",
    "fjord",
    "globex",
    "hooli",
    "initech",
    "juniper",
    "krona",
    "lumen",
)
MARKUP = "<script>alert(1)</script>"
INDEX = "CREATE INDEX idx_ai_task_queue_status_schedule ON ai_task_queue USING btree (status, scheduled_for)"
RINGS = ("canary", "early", "main")


def a_fleet(number: int = len(NAMES)) -> AuditDocument:
    """So many tenants: most are ready, and of each way of not being so there are some."""
    tenants = tuple(_tenant(place, number) for place in range(number))
    document = a_document(*tenants)
    manifest = document.manifest.model_copy(
        update={"checksum": MANIFEST.checksum, "migrations": tuple(each.version for each in MANIFEST.migrations)}
    )
    context = {"since": _since(tenants), "variants": tuple(_variants(tenants)), "accepted": (ACCEPTANCE,)}
    skipped = (SkippedEntry(name="vestige", reason="its state is suspended"),)
    return document.model_copy(update={"manifest": manifest, "skipped": skipped, **context})


def name_of(place: int) -> str:
    """`acme`, and after the first dozen `acme-0012`."""
    return NAMES[place] if place < len(NAMES) else f"{NAMES[place % len(NAMES)]}-{place:04}"


def drifted(name: str = "acme", *differences: DifferenceEntry) -> TenantEntry:
    """A tenant whose first migration differs in these."""
    first, *others = MANIFEST.migrations
    found = differences or (MISSING_INDEX, CHANGED_COLUMN)
    migrations = [_migration(first, MigrationStatus.DRIFTED, found), *map(_migration, others)]
    contract = ContractEntry(
        consumer="task_queue_worker",
        priority=Priority.P0,
        role="worker",
        works=False,
        inherited=False,
        failures=(
            StatementFailureEntry(statement="claim_task", message='column "title" is too short', sqlstate="22001"),
        ),
    )
    return _entry(name, "main", Verdict.BLOCKED, migrations).model_copy(update={"contracts": (contract,)})


MISSING_INDEX = DifferenceEntry(
    kind="index",
    identity="public.idx_ai_task_queue_status_schedule",
    change="missing",
    expected=INDEX,
    actual=None,
    repair=RepairEntry(way=Strategy.SQL, statements=(INDEX,), hazards=("blocks writes",)),
    since=FINISHED,
)
CHANGED_COLUMN = DifferenceEntry(
    kind="column",
    identity="public.ai_conversations.title",
    change="changed",
    expected="character varying(255) NOT NULL",
    actual="character varying(80) NOT NULL",
    repair=RepairEntry(
        way=Strategy.SQL,
        statements=("ALTER TABLE ai_conversations ALTER COLUMN title TYPE character varying(255)",),
        hazards=("takes ACCESS EXCLUSIVE",),
    ),
    since=YESTERDAY,
)
ACCEPTANCE = AcceptanceEntry(
    tenant="ember",
    kind="index",
    identity="public.idx_ai_*",
    change="missing",
    owner="ana",
    reason="being rebuilt",
    until=date(2025, 6, 30),
    state=AcceptanceState.ACTIVE,
    matches=1,
)


def _tenant(place: int, number: int) -> TenantEntry:
    """In a dozen one of each kind, in a thousand a few dozen."""
    name, ring = name_of(place), RINGS[min(2, place * 6 // number)]
    kind = place if number <= len(NAMES) else (place * 7919) % 240
    makers = {1: drifted, 3: _lacking_an_index, 4: _degraded, 6: _unreachable, 8: _empty, 9: _unknown}
    if make := makers.get(kind):
        return make(name).model_copy(update={"ring": ring})
    return _ready(name, ring, kind)


def _lacking_an_index(name: str) -> TenantEntry:
    return drifted(name, MISSING_INDEX)


def _unreachable(name: str) -> TenantEntry:
    reason = "no answer from db3.internal: connection refused; is the server running, and may we reach it?"
    return TenantEntry(name=name, ring=None, verdict=Verdict.UNREACHABLE, reason=reason, since=YESTERDAY)


def _empty(name: str) -> TenantEntry:
    pending = [_migration(each, MigrationStatus.PENDING) for each in MANIFEST.migrations]
    return _entry(name, "main", Verdict.BLOCKED, pending)


def _unknown(name: str) -> TenantEntry:
    check = CheckEntry(name="rows", passed=None, detail="permission denied for table ai_messages")
    migration = _migration(MANIFEST.migrations[0], MigrationStatus.UNKNOWN).model_copy(update={"checks": (check,)})
    reason = "permission denied for table ai_messages (SQLSTATE 42501)"
    entry = _entry(name, "main", Verdict.UNKNOWN, [migration])
    return entry.model_copy(update={"reason": reason, "since": FINISHED})


def _ready(name: str, ring: str, kind: int) -> TenantEntry:
    entry = _entry(name, ring, Verdict.READY, [_migration(each) for each in MANIFEST.migrations])
    if kind == 2:
        loss = LossEntry(table="ai_messages", before=1200, now=40, allowed=120, exact=True)
        return entry.model_copy(update={"losses": (loss,)})
    if kind == 5:
        extra = UnexpectedEntry(
            kind="index", identity="public.idx_by_hand", actual="CREATE INDEX idx_by_hand ON ai_messages"
        )
        return entry.model_copy(update={"unexpected": (extra,)})
    return entry


def _degraded(name: str) -> TenantEntry:
    *others, last = MANIFEST.migrations
    pending = _migration(last, MigrationStatus.PENDING)
    return _entry(name, "main", Verdict.DEGRADED, [*map(_migration, others), pending])


def _entry(name: str, ring: str, verdict: Verdict, migrations: Sequence[MigrationEntry]) -> TenantEntry:
    return TenantEntry(
        name=name,
        ring=ring,
        verdict=verdict,
        server_version="16.4",
        fingerprint="0f1e2d3c4b5a" * 4,
        migrations=tuple(migrations),
        seeds=(SeedEntry(name="policy_rules", status=SeedStatus.PRESENT),),
        counts=tuple(
            CountEntry(table=each.table, rows=len(name) * 137 * place, exact=True)
            for place, each in enumerate(MANIFEST.counts)
        ),
        contracts=tuple(
            ContractEntry(consumer=each.consumer, priority=each.priority, role=None, works=True, inherited=True)
            for each in MANIFEST.contracts
        ),
        database=f"tenant_{name}",
        home="public",
    )


def _migration(
    migration: Migration,
    status: MigrationStatus = MigrationStatus.APPLIED,
    differences: Sequence[DifferenceEntry] = (),
) -> MigrationEntry:
    is_there = status is not MigrationStatus.PENDING
    return MigrationEntry(
        version=migration.version,
        file=migration.file,
        priority=migration.priority,
        status=status,
        differences=tuple(differences),
        checks=tuple(CheckEntry(name=each.name, passed=is_there) for each in migration.checks) if is_there else (),
        ledger=LedgerState.APPLIED if is_there else None,
        since=None if status is MigrationStatus.APPLIED else YESTERDAY,
    )


def _since(tenants: Sequence[TenantEntry]) -> TrendEntry:
    new = [
        FindingEntry(tenant=tenant.name, kind=each.kind, identity=each.identity, change=each.change, since=FINISHED)
        for tenant in tenants
        for migration in tenant.migrations
        for each in migration.differences
        if each.since == FINISHED
    ]
    new += [
        FindingEntry(tenant=each.name, kind="tenant", identity=each.name, change=each.verdict, since=FINISHED)
        for each in tenants
        if each.since == FINISHED
    ]
    resolved = FindingEntry(
        tenant=tenants[0].name, kind="table", identity="public.ai_skills", change="missing", since=YESTERDAY
    )
    return TrendEntry(
        previous_run_id="run-6",
        previous_finished_at=STARTED - timedelta(days=1),
        source=Source.PREFECT,
        new=tuple(new),
        persisting=3,
        resolved=(resolved,),
        not_judged=1,
    )


def _variants(tenants: Sequence[TenantEntry]) -> list[VariantEntry]:
    groups: dict[tuple[VariantDifference, ...], list[str]] = {}
    for tenant in tenants:
        if tenant.verdict in {Verdict.READY, Verdict.BLOCKED, Verdict.DEGRADED}:
            found = (each for migration in tenant.migrations for each in migration.differences)
            key = tuple(VariantDifference(kind=each.kind, identity=each.identity, change=each.change) for each in found)
            groups.setdefault(key, []).append(tenant.name)
    ordered = sorted(groups.items(), key=lambda each: -len(each[1]))
    return [
        VariantEntry(
            name=f"variant {'ABCDEF'[place]}" if differences else "as expected",
            fingerprint=f"{place}",
            server_major=16,
            expected=not differences,
            tenants=tuple(names),
            differences=differences,
        )
        for place, (differences, names) in enumerate(ordered)
    ]
