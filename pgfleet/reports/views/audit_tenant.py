"""One tenant in a report: its findings and what fixes them; in full also everything that was inspected."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pgfleet.documents.audit import INCONCLUSIVE, AuditDocument, TenantEntry, Verdict
from pgfleet.documents.findings import ContractEntry, CountEntry, MigrationEntry, MigrationStatus, SeedStatus
from pgfleet.judge.summary import worst_first
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import (
    MOST_TENANTS,
    Block,
    Code,
    Lines,
    Paragraph,
    Section,
    Status,
    StatusStyle,
    Table,
    Tenants,
    Tone,
    View,
    section,
)
from pgfleet.reports.phrases.audit import (
    NONE_APPLIED,
    broken_contracts,
    failure_lines,
    is_empty,
    lacking_migrations,
    sentence,
    verdict_meaning,
)
from pgfleet.reports.phrases.context import accepted_notes, loss_sentence, remarks
from pgfleet.reports.phrases.dates import NEW, Dates, dates_of
from pgfleet.reports.phrases.migration_runs import fold_versions
from pgfleet.reports.phrases.repair import remedies_of
from pgfleet.reports.views.migration import cell_of, commands, migration_sections
from pgfleet.reports.views.shared_objects import SEE_ABOVE, has_shared, own_contracts, own_part

MOST_MIGRATIONS = 16
"""In the inventory, migrations in the same state are folded into runs from here on."""
BY_HAND = "by hand"
LOSSES = "Rows lost since the previous audit"
SEED = {
    SeedStatus.PRESENT: StatusStyle.GOOD,
    SeedStatus.MISSING: StatusStyle.PENDING,
    SeedStatus.CUSTOMIZED: StatusStyle.KNOWN,
    SeedStatus.UNKNOWN: StatusStyle.DOUBTFUL,
}
CONTRACT = {
    True: Status(StatusStyle.GOOD, "works"),
    False: Status(StatusStyle.BAD, "broken"),
    None: Status(StatusStyle.DOUBTFUL, "not tried"),
}


def tenant_view(tenant: TenantEntry, document: AuditDocument, manifest: Manifest, timezone: str = "UTC") -> View:
    """The tenant's own page."""
    dates = dates_of(document, timezone)
    facts = {"environment": document.environment, "ring": tenant.ring, "PostgreSQL": tenant.server_version}
    return View(
        title=f"{tenant.name} is {tenant.verdict}",
        summary="",
        facts=tuple((name, value) for name, value in facts.items() if value),
        opening=(Paragraph(text=lead(tenant, document, dates)),),
        details=tuple(tenant_blocks(tenant, document, manifest, dates)),
    )


def tenants_with_page(document: AuditDocument) -> tuple[TenantEntry, ...]:
    """The worst tenants that are not ready or lost rows, and those that were not ready in the previous audit.

    Otherwise, the last page of a tenant that is ready again would say that it is not. At most MOST_TENANTS of both.
    """
    before = {each.tenant for each in document.since.resolved} if document.since else set()
    ordered = worst_first(document.tenants)
    wrong = [each for each in ordered if each.verdict is not Verdict.READY or each.losses]
    again = [each for each in ordered if each not in wrong and each.name in before]
    return (*wrong[:MOST_TENANTS], *again[:MOST_TENANTS])


def lead(tenant: TenantEntry, document: AuditDocument, dates: Dates) -> str:
    """What the tenant's verdict means, and since when it has it."""
    return dates.dated(verdict_meaning(tenant.verdict, document.manifest.product), tenant.since)


def tenant_blocks(tenant: TenantEntry, document: AuditDocument, manifest: Manifest, dates: Dates) -> Iterator[Block]:
    """All that is known of the tenant, faults first."""
    lacking = lacking_migrations(tenant)
    yield from _reasons(tenant, dates)
    yield from section("How to fix it", *fixes(tenant, document.environment))
    yield from migration_sections(_with_section(tenant, lacking), manifest, dates)
    yield from (_contract(each, manifest, dates) for each in broken_contracts(tenant))
    if tenant.losses:
        yield Lines(title=LOSSES, lines=tuple(map(loss_sentence, tenant.losses)), tone=Tone.BAD)
    yield from section(
        "Notes",
        Lines(title="Accepted in the fleet file", lines=accepted_notes(tenant)),
        Lines(title="Not in the manifest, no fault", lines=tuple(map(sentence, tenant.unexpected))),
    )
    yield from section("Inspected", *_inventory(tenant, manifest))


def fixes(tenant: TenantEntry, environment: str) -> Iterator[Code]:
    """The commands that fix what pgfleet can fix of the tenant."""
    return commands(lacking_migrations(tenant), tenant, environment)


def fix_lines(tenant: TenantEntry, environment: str) -> tuple[str, ...]:
    """The commands that fix the tenant's migrations, or a remark that a person must; empty if they need no fix."""
    commands_of_tenant = tuple(each.text for each in fixes(tenant, environment))
    needs_person = any(
        each.status is MigrationStatus.DRIFTED or remedies_of(each).by_hand for each in lacking_migrations(tenant)
    )
    return commands_of_tenant or ((BY_HAND,) if needs_person and tenant.verdict not in INCONCLUSIVE else ())


def _with_section(tenant: TenantEntry, migrations: Sequence[MigrationEntry]) -> tuple[MigrationEntry, ...]:
    """The migrations that are described one by one; in an empty tenant only those that need a person."""
    return tuple(each for each in migrations if not is_empty(tenant) or remedies_of(each).by_hand)


def tenant_summary(
    tenants: Sequence[TenantEntry], document: AuditDocument, manifest: Manifest, dates: Dates
) -> Section:
    """The findings of tenants that have the same ones, without those of shared objects."""
    tenant, *others = tenants
    lacking, own = lacking_migrations(tenant), []
    shared: list[Block] = []
    for each in lacking:
        if found := own_part(each, tenant, document):
            own.append(found)
        if has_shared(each, tenant, document):
            shared.append(Section(title=each.file, status=cell_of(each), blocks=(Paragraph(text=SEE_ABOVE),)))
    contracts = own_contracts(tenant, document)
    return Section(
        title=tenant.name,
        is_tenant=True,
        aside=f"newly {tenant.verdict}" if dates.since(tenant.since) == NEW else dates.since(tenant.since),
        blocks=(
            *((Tenants(title="The same in", names=tuple(each.name for each in others)),) if others else ()),
            *_reasons(tenant, dates),
            *migration_sections(_with_section(tenant, own), manifest, dates),
            *shared,
            *(Paragraph(text=dates.dated(sentence(each), each.since)) for each in contracts),
            *commands(own, tenant, document.environment),
            *(Paragraph(text=f"note: {each}", tone=Tone.QUIET) for each in remarks(tenant)),
        ),
    )


def _reasons(tenant: TenantEntry, dates: Dates) -> Iterator[Block]:
    if tenant.reason:
        yield Paragraph(text=tenant.reason, tone=Tone.BAD)
    if is_empty(tenant):
        yield Paragraph(text=dates.dated(NONE_APPLIED, lacking_migrations(tenant)[0].since), tone=Tone.BAD)


def _contract(contract: ContractEntry, manifest: Manifest, dates: Dates) -> Section:
    role = f"as {contract.role}" if contract.role else ""
    return Section(
        title=f"Contract {contract.consumer}",
        status=CONTRACT[False],
        aside=", ".join(filter(None, (str(contract.priority), role, dates.since(contract.since)))),
        blocks=(Lines(title="Statements that fail", lines=failure_lines(contract, manifest), tone=Tone.BAD),),
    )


def _inventory(tenant: TenantEntry, manifest: Manifest) -> Iterator[Block]:
    contracts = tuple((CONTRACT[each.works], each.consumer, _contract_remark(each)) for each in tenant.contracts)
    seeds = tuple((Status(SEED[each.status], str(each.status)), each.name, each.detail or "") for each in tenant.seeds)
    titled = (("Migrations", tuple(_migration_rows(tenant, manifest))), ("Contracts", contracts), ("Seeds", seeds))
    yield from (Table(title=title, rows=rows) for title, rows in titled if rows)
    if tenant.counts:
        rows = tuple((each.table, _rows(each)) for each in tenant.counts)
        yield Table(title="Rows", head=("table", "rows"), rows=rows, is_numeric=True)
    facts = {
        "PostgreSQL": tenant.server_version,
        "database": tenant.database,
        "schema": tenant.home,
        "pooler": tenant.pooler,
        "standby": "yes, read-only" if tenant.standby else None,
        "fingerprint": tenant.fingerprint[:12] if tenant.fingerprint else None,
    }
    if known := tuple((name, str(value)) for name, value in facts.items() if value):
        yield Table(title="Database", rows=known)


def _migration_rows(tenant: TenantEntry, manifest: Manifest) -> Iterator[tuple[Status, str, str]]:
    rows = [(cell_of(each), each, _migration_remark(each)) for each in tenant.migrations]
    if len(rows) <= MOST_MIGRATIONS:
        yield from ((status, each.file, remark) for status, each, remark in rows)
        return
    order = manifest.versions
    for (status, remark), run in groupby(rows, key=lambda each: (each[0], each[2])):
        members = [each for _, each, _ in run]
        folded = f"{len(members)} migrations ({fold_versions((each.version for each in members), order)})"
        yield status, members[0].file if len(members) == 1 else folded, remark


def _migration_remark(migration: MigrationEntry) -> str:
    passed, number = sum(each.passed is True for each in migration.checks), len(migration.checks)
    checks = f"{passed} of {number} checks pass" if number else ""
    altered = "file changed since it was applied" if migration.altered else ""
    ledger = f"ledger: {migration.ledger}" if migration.ledger else ""
    return ", ".join(filter(None, (str(migration.priority), checks, ledger, altered)))


def _contract_remark(contract: ContractEntry) -> str:
    return ", ".join(filter(None, (str(contract.priority), contract.detail)))


def _rows(count: CountEntry) -> str:
    if count.rows is None:
        return "not counted"
    return f"{count.rows:,}" if count.exact else f"about {count.rows:,}"
