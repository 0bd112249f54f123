"""What the page of an audit tells of one tenant: what is wrong, what puts it right, what else is known."""

from collections.abc import Iterator

from pgfleet.documents.audit import (
    AuditDocument,
    ContractEntry,
    CountEntry,
    DifferenceEntry,
    MigrationEntry,
    MigrationStatus,
    SeedEntry,
    SeedStatus,
    TenantEntry,
)
from pgfleet.manifest.model import Manifest
from pgfleet.reports.html.blocks import Block, Code, Contrast, Figures, Lines, Marks, Paragraph, Section
from pgfleet.reports.html.status_style import STATUS, StatusStyle
from pgfleet.reports.phrases.acceptances import accepted_notes
from pgfleet.reports.phrases.audit import (
    NEVER_APPLIED,
    affected_services,
    broken_contracts,
    differences_told,
    failure_lines,
    predicate,
    sentence,
)
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.repair import (
    reason_lines,
    remedies_of,
    remedy_lines,
    repair_command,
    rerun_sentence,
    rollout_command,
    script_of,
)
from pgfleet.reports.phrases.row_losses import loss_sentence

ACCEPTED, NOT_LOOKED_AT = "accepted", "not looked at"
BY_ROLLOUT = "Shows the plan first; each migration is proven and committed, or not at all"
BY_REPAIR = "Rehearsed in a transaction that is rolled back, then it asks"
SEED_LOOK = {
    SeedStatus.PRESENT: StatusStyle.GOOD,
    SeedStatus.MISSING: StatusStyle.PENDING,
    SeedStatus.CUSTOMIZED: StatusStyle.KNOWN,
    SeedStatus.UNKNOWN: StatusStyle.DOUBTFUL,
}

CONTRACT_LOOK = {
    True: (StatusStyle.GOOD, "works"),
    False: (StatusStyle.BAD, "broken"),
    None: (StatusStyle.DOUBTFUL, "not tried"),
}


def tenant_blocks(tenant: TenantEntry, document: AuditDocument, manifest: Manifest, dates: Dates) -> Iterator[Block]:
    """Faults first, and what is as it should be last."""
    lacking = [each for each in tenant.migrations if each.status is not MigrationStatus.APPLIED and not each.accepted]
    is_empty = bool(lacking) and all(each.status is MigrationStatus.PENDING for each in tenant.migrations)
    if tenant.reason:
        yield Paragraph(text=tenant.reason, is_bad=True)
    if is_empty:
        yield Paragraph(text=f"{dates.told(NEVER_APPLIED, lacking[0].since)}.", is_bad=True)
    yield from _commands(lacking, tenant, document.environment)
    for migration in () if is_empty else lacking:
        yield from _migration(migration, tenant, document.environment, manifest, dates)
    for contract in broken_contracts(tenant):
        yield from _contract(contract, manifest, dates)
    if tenant.losses:
        lines = tuple(map(loss_sentence, tenant.losses))
        yield Lines(title="Rows lost since the previous audit", lines=lines, is_bad=True)
    yield from _worth_knowing(tenant)
    yield from _inventory(tenant)


def cell_of(migration: MigrationEntry | None) -> tuple[StatusStyle, str]:
    """How a migration looks in the map, and the word for it."""
    if migration is None:
        return StatusStyle.NONE, NOT_LOOKED_AT
    if migration.accepted:
        return StatusStyle.KNOWN, ACCEPTED
    return STATUS[migration.status], str(migration.status)


def _commands(lacking: list[MigrationEntry], tenant: TenantEntry, environment: str) -> Iterator[Block]:
    """The commands that do whatever can be done by one."""
    drifted = [remedies_of(each) for each in lacking if each.status is MigrationStatus.DRIFTED]
    pending = any(each.status is MigrationStatus.PENDING for each in lacking)
    by_repair = any(each.by_repair for each in drifted)
    by_rollout = pending or any(each.by_rollout for each in drifted)
    if by_repair or by_rollout:
        yield Section(title="What puts it right")
    if by_rollout:
        yield Code(title=BY_ROLLOUT, text=rollout_command(environment, tenant.name))
    if by_repair:
        yield Code(title=BY_REPAIR, text=repair_command(environment, tenant.name))


def _migration(
    migration: MigrationEntry, tenant: TenantEntry, environment: str, manifest: Manifest, dates: Dates
) -> Iterator[Block]:
    aside = " · ".join(filter(None, (str(migration.priority), dates.since(migration.since))))
    look, word = cell_of(migration)
    yield Section(title=migration.file, look=look, word=word, aside=aside, anchor=migration.version)
    if migration.status is MigrationStatus.PENDING:
        yield Paragraph(text="Nothing of it is there: it was never applied.")
    else:
        yield from (_contrast(each, dates) for each in differences_told(migration))
    failed = tuple(f"{each.name}: {each.detail or 'failed'}" for each in migration.checks if not each.passed)
    if failed:
        yield Lines(title="Checks that do not pass", lines=failed, is_bad=True)
    yield from _remedy(migration, tenant, environment)
    if suffering := affected_services(migration, manifest):
        yield Lines(title="Who suffers", lines=suffering)


def _remedy(migration: MigrationEntry, tenant: TenantEntry, environment: str) -> Iterator[Block]:
    """What puts the migration right; that one of the commands above does it is not said again."""
    found = remedies_of(migration)
    if migration.status is MigrationStatus.DRIFTED and migration.differences:
        if found.reruns:
            yield Paragraph(text=f"{rerun_sentence(found)}.")
        if found.statements:
            title = "statement that puts" if len(found.statements) == 1 else "statements that put"
            yield Code(title=f"The {title} it right", text=script_of(found.statements), hazards=found.hazards)
        if found.along:
            yield Lines(title="With it", lines=reason_lines(found.along))
    elif migration.status is MigrationStatus.DRIFTED:
        yield Lines(title="What puts it right", lines=remedy_lines(migration, tenant.name, environment))
    if found.by_hand:
        yield Lines(title="By hand", lines=reason_lines(found.by_hand))


def _contrast(difference: DifferenceEntry, dates: Dates) -> Contrast:
    shared = "shared by the tenants of its database" if difference.shared else ""
    return Contrast(
        title=f"{difference.kind} {difference.identity} {predicate(difference)}",
        tags=tuple(filter(None, (dates.since(difference.since), shared))),
        expected=difference.expected or "",
        actual=difference.actual or "",
    )


def _contract(contract: ContractEntry, manifest: Manifest, dates: Dates) -> Iterator[Block]:
    role = f"as {contract.role}" if contract.role else ""
    aside = " · ".join(filter(None, (str(contract.priority), role, dates.since(contract.since))))
    yield Section(title=f"{contract.consumer} cannot do its work", look=StatusStyle.BAD, word="broken", aside=aside)
    yield Lines(title="Statements that would not work", lines=failure_lines(contract, manifest), is_bad=True)


def _worth_knowing(tenant: TenantEntry) -> Iterator[Block]:
    notes = accepted_notes(tenant), tuple(sentence(each) for each in tenant.unexpected)
    if any(notes):
        yield Section(title="Worth knowing")
    if notes[0]:
        yield Lines(title="Accepted in the fleet file", lines=notes[0])
    if notes[1]:
        yield Lines(title="Not the manifest's, and no fault", lines=notes[1])


def _inventory(tenant: TenantEntry) -> Iterator[Block]:
    """All that was looked at."""
    yield Section(title="What was looked at")
    if tenant.migrations:
        yield Marks(
            title="Migrations", rows=tuple((*cell_of(each), each.file, _told(each)) for each in tenant.migrations)
        )
    if tenant.contracts:
        yield Marks(title="Contracts", rows=tuple(map(_contract_row, tenant.contracts)))
    if tenant.seeds:
        yield Marks(title="Seeds", rows=tuple(map(_seed_row, tenant.seeds)))
    if tenant.counts:
        rows = tuple((each.table, _rows(each)) for each in tenant.counts)
        yield Figures(title="Rows", head=("table", "rows"), rows=rows, is_numeric=True)
    facts = {
        "PostgreSQL": tenant.server_version,
        "database": tenant.database,
        "schema": tenant.home,
        "pooler": tenant.pooler,
        "standby": "yes, so it takes no writes" if tenant.standby else None,
        "fingerprint": tenant.fingerprint[:12] if tenant.fingerprint else None,
    }
    if known := tuple((name, str(value)) for name, value in facts.items() if value):
        yield Figures(title="Where it lies", rows=known)


def _told(migration: MigrationEntry) -> str:
    """What there is to say of a migration beside its state."""
    passed, number = sum(each.passed is True for each in migration.checks), len(migration.checks)
    checks = f"{passed} of {number} checks pass" if number else ""
    altered = "file changed since it was applied" if migration.altered else ""
    ledger = f"ledger: {migration.ledger}" if migration.ledger else ""
    return ", ".join(filter(None, (str(migration.priority), checks, ledger, altered)))


def _contract_row(contract: ContractEntry) -> tuple[StatusStyle, str, str, str]:
    look, word = CONTRACT_LOOK[contract.works]
    return look, word, contract.consumer, ", ".join(filter(None, (str(contract.priority), contract.detail)))


def _seed_row(seed: SeedEntry) -> tuple[StatusStyle, str, str, str]:
    return SEED_LOOK[seed.status], str(seed.status), seed.name, seed.detail or ""


def _rows(count: CountEntry) -> str:
    if count.rows is None:
        return "not counted"
    return f"{count.rows:,}" if count.exact else f"about {count.rows:,}"
