"""The markdown of artifacts: a summary of the run, and a page for each tenant that is not ready."""

import re
from collections.abc import Iterable, Iterator

from pgfleet.judge.document import AuditDocument, MigrationEntry, MigrationStatus, TenantEntry, Verdict
from pgfleet.judge.summary import counted, in_words, worst_first
from pgfleet.manifest.model import Manifest
from pgfleet.render.altered import altered_files
from pgfleet.render.words import NEVER_APPLIED, VERDICT_MEANS, notes, predicate, sentence, sufferers

MOST_TENANTS = 50


def escaped(text: str) -> str:
    """Text that markdown shows as it is and on one line, whatever a tenant is named or a server says."""
    entities = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#|~])", r"\\\1", entities)


def code(text: str) -> str:
    """Text as a code block, longer fences than any within it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sql\n{text.strip()}\n{fence}"


def summary_page(document: AuditDocument, manifest: Manifest) -> str:
    """What is blocked, why, and which service suffers; then the rest in a line each."""
    lines = [f"# Audit of {document.environment}: {in_words(document.summary)}", ""]
    if all(each.verdict is Verdict.READY for each in document.tenants):
        lines += ["Every tenant holds everything that the manifest asks for.", ""]
    wrong = [each for each in worst_first(document.tenants) if each.verdict is not Verdict.READY]
    for verdict in Verdict:
        lines += _section(verdict, [each for each in wrong[:MOST_TENANTS] if each.verdict is verdict], manifest)
    if len(wrong) > MOST_TENANTS:
        lines += [f"… and {len(wrong) - MOST_TENANTS} more; the whole is in the run's audit document.", ""]
    altered = (f"{file}: {said}" for file, said in altered_files(document.tenants, manifest))
    lines += [*_bullets("Changed after it was applied", altered), _timing(document), ""]
    return "\n".join(lines)


def tenant_page(tenant: TenantEntry, document: AuditDocument, manifest: Manifest) -> str:
    """One tenant: what is wrong, who suffers, what it should be and what it is, what is worth knowing."""
    lines = [f"# {escaped(tenant.name)} is {tenant.verdict}", "", f"{VERDICT_MEANS[tenant.verdict].capitalize()}.", ""]
    if tenant.reason:
        lines += [f"**Why:** {escaped(tenant.reason)}", ""]
    for migration in _lacking(tenant):
        lines += _migration_section(migration, manifest)
    lines += _bullets("Worth knowing", notes(tenant))
    version = f", PostgreSQL {tenant.server_version}" if tenant.server_version else ""
    return "\n".join([*lines, f"Environment {document.environment}, ring {escaped(tenant.ring or '-')}{version}.", ""])


def _section(verdict: Verdict, tenants: list[TenantEntry], manifest: Manifest) -> list[str]:
    if not tenants:
        return []
    lines = [f"## {verdict.capitalize()}: {VERDICT_MEANS[verdict]}", ""]
    for tenant in tenants:
        told_in_one = tenant.reason or (sentence(tenant) if sentence(tenant) == NEVER_APPLIED else "")
        lines.append(f"- **{escaped(tenant.name)}**" + (f": {escaped(told_in_one)}" if told_in_one else ""))
        for migration in () if told_in_one == NEVER_APPLIED else _lacking(tenant):
            lines.append(f"  - {migration.version} {migration.status}: {escaped(sentence(migration))}")
            lines += [f"    - {escaped(line)}" for line in sufferers(migration, manifest)]
    return [*lines, ""]


def _migration_section(migration: MigrationEntry, manifest: Manifest) -> Iterator[str]:
    yield from (f"## {escaped(migration.file)} is {migration.status} ({migration.priority})", "")
    if migration.status is MigrationStatus.PENDING:
        yield from ("Nothing of it is there: it was never applied.", "")
    for difference in migration.differences if migration.status is not MigrationStatus.PENDING else ():
        yield from (f"**{difference.kind} {escaped(difference.identity)}** {escaped(predicate(difference))}.", "")
        yield from ("Expected:", "", code(difference.expected or ""), "")
        if difference.actual:
            yield from ("Found:", "", code(difference.actual), "")
    failed = (f"{check.name}: {check.detail or 'failed'}" for check in migration.checks if not check.passed)
    yield from _bullets("Checks that do not pass", failed)
    yield from _bullets("Who suffers", sufferers(migration, manifest))


def _bullets(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"- {escaped(item)}" for item in items]
    return [f"**{title}**", "", *lines, ""] if lines else []


def _lacking(tenant: TenantEntry) -> list[MigrationEntry]:
    return [each for each in tenant.migrations if each.status is not MigrationStatus.APPLIED]


def _timing(document: AuditDocument) -> str:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return f"{counted(document.summary['tenants'])} in {seconds:.1f} s; manifest `{document.manifest.checksum[:12]}`."
