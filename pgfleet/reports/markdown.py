"""The markdown of artifacts: a summary of the run, and a page for each tenant that is not ready."""

from collections.abc import Iterator

from pgfleet.documents.audit import (
    AuditDocument,
    ContractEntry,
    DifferenceEntry,
    MigrationEntry,
    MigrationStatus,
    TenantEntry,
    Verdict,
)
from pgfleet.judge.summary import format_summary, tenant_count, worst_first
from pgfleet.manifest.model import Manifest
from pgfleet.reports.context_markdown import all_ready, closing, opening
from pgfleet.reports.links import NO_LINKS, Links
from pgfleet.reports.markup import bullets, code, escaped
from pgfleet.reports.phrases.acceptances import remarks
from pgfleet.reports.phrases.altered_files import altered_files
from pgfleet.reports.phrases.audit import (
    NEVER_APPLIED,
    VERDICT_MEANS,
    affected_services,
    broken_contracts,
    differences_told,
    failure_lines,
    predicate,
    sentence,
)
from pgfleet.reports.phrases.dates import Dates, dates_of
from pgfleet.reports.phrases.repair import remedy_lines
from pgfleet.reports.phrases.row_losses import loss_sentence
from pgfleet.reports.phrases.shared_objects import (
    SEE_THERE,
    TITLE,
    is_told_in_part,
    own_contracts,
    own_part,
    shared_matters,
)
from pgfleet.reports.phrases.skipped import skipped_in_words
from pgfleet.reports.repair_markdown import remedy_section

MOST_TENANTS = 50


def summary_page(document: AuditDocument, manifest: Manifest, timezone: str = "UTC", links: Links = NO_LINKS) -> str:
    """What is new, who is alike; what is blocked, why, and which service suffers; then the rest in a line each."""
    dates = dates_of(document, timezone)
    lines = [f"# Audit of {document.environment}: {format_summary(document.summary)}", ""]
    if all(each.verdict is Verdict.READY for each in document.tenants):
        lines += [all_ready(document), ""]
    lines += [f"{escaped(skipped_in_words(document.skipped))}.", ""] if document.skipped else []
    lines += opening(document, dates)
    lines += _shared_section(document, manifest, dates)
    wrong = [each for each in worst_first(document.tenants) if each.verdict is not Verdict.READY]
    for verdict in Verdict:
        chosen = [each for each in wrong[:MOST_TENANTS] if each.verdict is verdict]
        lines += _section(verdict, chosen, document, manifest, links)
    if len(wrong) > MOST_TENANTS:
        lines += [f"… and {len(wrong) - MOST_TENANTS} more; the whole is in the run's audit document.", ""]
    altered = (f"{file}: {said}" for file, said in altered_files(document.tenants, manifest))
    lines += [*bullets("Changed after it was applied", altered), *closing(document), *links.back, _timing(document), ""]
    return "\n".join(lines)


def tenant_page(
    tenant: TenantEntry, document: AuditDocument, manifest: Manifest, timezone: str = "UTC", links: Links = NO_LINKS
) -> str:
    """One tenant: what is wrong and since when, who suffers, what should be and what is, what is worth knowing."""
    dates = dates_of(document, timezone)
    means = dates.told(VERDICT_MEANS[tenant.verdict].capitalize(), tenant.since)
    lines = [f"# {escaped(tenant.name)} is {tenant.verdict}", "", f"{means}.", ""]
    if tenant.reason:
        lines += [f"**Why:** {escaped(tenant.reason)}", ""]
    for migration in _lacking(tenant):
        lines += _migration_section(migration, dates)
        lines += remedy_section(migration, tenant.name, document.environment)
        lines += bullets("Who suffers", affected_services(migration, manifest))
    for contract in broken_contracts(tenant):
        lines += _contract_section(contract, manifest, dates)
    lines += bullets("Rows lost since the previous audit", map(loss_sentence, tenant.losses))
    lines += bullets("Worth knowing", remarks(tenant))
    version = f", PostgreSQL {tenant.server_version}" if tenant.server_version else ""
    place = f"Environment {document.environment}, ring {escaped(tenant.ring or '-')}{version}."
    return "\n".join([*lines, *links.back, place, ""])


def _shared_section(document: AuditDocument, manifest: Manifest, dates: Dates) -> list[str]:
    lines: list[str] = []
    for each in shared_matters(document, manifest, dates):
        lines.append(f"- **{escaped(each.heading)}**")
        lines += [f"  - {escaped(line)}" for line in each.faults]
        lines += [f"    - → {escaped(line)}" for line in each.remedies]
        lines += [f"    - {escaped(line)}" for line in each.consequences]
    return [f"## {TITLE}", "", *lines, ""] if lines else []


def _section(
    verdict: Verdict, tenants: list[TenantEntry], document: AuditDocument, manifest: Manifest, links: Links
) -> list[str]:
    if not tenants:
        return []
    lines = [f"## {verdict.capitalize()}: {VERDICT_MEANS[verdict]}", ""]
    for tenant in tenants:
        told_in_one = tenant.reason or (sentence(tenant) if sentence(tenant) == NEVER_APPLIED else "")
        lines.append(f"- **{links.tenant(tenant.name)}**" + (f": {escaped(told_in_one)}" if told_in_one else ""))
        for migration in () if told_in_one == NEVER_APPLIED else _lacking(tenant):
            own = own_part(migration, tenant, document)
            parts = [sentence(own)] if own else []
            parts += [SEE_THERE] if is_told_in_part(migration, tenant, document) else []
            lines.append(f"  - {migration.version} {migration.status}: {escaped('; '.join(parts))}")
            if own:
                told = remedy_lines(own, tenant.name, document.environment, with_statements=False)
                lines += [f"    - → {escaped(line)}" for line in told]
                lines += [f"    - {escaped(line)}" for line in affected_services(migration, manifest)]
        lines += [f"  - {escaped(sentence(contract))}" for contract in own_contracts(tenant, document)]
    return [*lines, ""]


def _migration_section(migration: MigrationEntry, dates: Dates) -> Iterator[str]:
    yield from (f"## {escaped(migration.file)} is {migration.status} ({migration.priority})", "")
    if migration.status is MigrationStatus.PENDING:
        yield from (f"{dates.told('Nothing of it is there: it was never applied', migration.since)}.", "")
    for difference in differences_told(migration) if migration.status is not MigrationStatus.PENDING else ():
        yield from (f"**{difference.kind} {escaped(difference.identity)}** {escaped(_said(difference, dates))}.", "")
        yield from ("Expected:", "", code(difference.expected or ""), "")
        if difference.actual:
            yield from ("Found:", "", code(difference.actual), "")
    failed = (f"{check.name}: {check.detail or 'failed'}" for check in migration.checks if not check.passed)
    yield from bullets("Checks that do not pass", failed)


def _said(difference: DifferenceEntry, dates: Dates) -> str:
    return dates.told(predicate(difference), difference.since)


def _contract_section(contract: ContractEntry, manifest: Manifest, dates: Dates) -> Iterator[str]:
    """The statements that would not work, with the places where they stand."""
    role = f", tried as {contract.role}" if contract.role else ""
    said = dates.told(f"{contract.consumer} cannot do its work ({contract.priority}){role}", contract.since)
    yield from (f"## {escaped(said)}", "")
    yield from (f"- {escaped(line)}" for line in failure_lines(contract, manifest))
    yield ""


def _lacking(tenant: TenantEntry) -> list[MigrationEntry]:
    return [each for each in tenant.migrations if each.status is not MigrationStatus.APPLIED and not each.accepted]


def _timing(document: AuditDocument) -> str:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return (
        f"{tenant_count(document.summary['tenants'])} in {seconds:.1f} s; manifest `{document.manifest.checksum[:12]}`."
    )
