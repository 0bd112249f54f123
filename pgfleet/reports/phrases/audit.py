"""Findings as sentences."""

import re
from collections.abc import Iterator, Mapping
from functools import singledispatch

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import (
    ContractEntry,
    DifferenceEntry,
    Evidence,
    MigrationEntry,
    MigrationStatus,
    SeedEntry,
    SeedStatus,
    UnexpectedEntry,
)
from pgfleet.hidden_characters import one_line_of_sql, show_hidden
from pgfleet.manifest.model import Manifest
from pgfleet.reports.phrases.migration_runs import fold_versions
from pgfleet.wording import shortened

CHANGED = "is changed"
REMARK = re.compile(r"(?P<definition>.*) \((?P<text>[A-Z ]+: [^()]+)\)")
"""What the introspection appends to a definition: `… (INVALID: no query uses it)`."""
NONE_APPLIED = "no migration is applied: none of the manifest's objects exist"
MOST_UNCOUNTED = 3
MOST_CHARACTERS = 2000
"""Of a definition in a sentence."""
NOT_APPLIED = "not applied yet"


def verdict_meaning(verdict: Verdict, product: str | None) -> str:
    """What the verdict means for the product that the tenants' databases serve, or for the manifest alone."""
    meanings = {
        Verdict.READY: "every migration is applied",
        Verdict.DEGRADED: f"the {product} starts, but an auxiliary feature does not work"
        if product
        else "a P1 migration is not in place, or a P1 contract is broken",
        Verdict.BLOCKED: f"the {product} cannot start or does not work"
        if product
        else "a P0 migration is not in place, or a P0 contract is broken",
        Verdict.UNREACHABLE: "could not connect",
        Verdict.UNKNOWN: "connected, but the inspection could not be completed",
    }
    return meanings[verdict]


@singledispatch
def sentence(finding: object) -> str:
    """The finding in one line; TypeError if it is none."""
    raise TypeError(type(finding).__name__)


@sentence.register
def _(finding: DifferenceEntry) -> str:
    text = predicate(finding)
    if text == CHANGED:
        text = f"is {_one_line(finding.actual)}, should be {_one_line(finding.expected)}"
    return f"{named(finding)} {text}"


@sentence.register
def _(finding: UnexpectedEntry) -> str:
    return f"extra {named(finding)} ({_one_line(finding.actual)}), not in the manifest"


@sentence.register
def _(finding: MigrationEntry) -> str:
    if finding.status is MigrationStatus.PENDING:
        return NOT_APPLIED
    if finding.status is MigrationStatus.UNKNOWN and finding.evidence is Evidence.NONE:
        return "nothing shows whether it ran"
    parts = [sentence(each) for each in counting_differences(finding)] or [*failed_checks(finding)]
    if not parts and finding.status is not MigrationStatus.APPLIED:
        parts = ["the ledger records it as applied"]
    return "; ".join(parts)


@sentence.register
def _(finding: SeedEntry) -> str:
    if finding.status is SeedStatus.CUSTOMIZED:
        return f"seed {finding.name} was {finding.detail} (customized, not a fault)"
    return f"seed {finding.name} is {finding.status}" + (f" ({finding.detail})" if finding.detail else "")


@sentence.register
def _(finding: ContractEntry) -> str:
    if not finding.failures:
        tried = "could not be checked" if finding.works is None else "can run all of its statements"
        return f"{finding.consumer} {tried}" + (f": {finding.detail}" if finding.detail else "")
    first, *others = finding.failures
    what = "anything" if first.statement is None else f"'{first.statement}'"
    role = f" as {finding.role}" if finding.role else ""
    more = f"; {len(others)} more of its statements fail" if others else ""
    return f"{finding.consumer} cannot run {what}{role}: {first.message}{more}"


@sentence.register
def _(finding: TenantEntry) -> str:
    if finding.reason:
        return finding.reason
    if is_empty(finding):
        return NONE_APPLIED
    groups: dict[tuple[MigrationStatus, str], list[str]] = {}
    for each in lacking_migrations(finding):
        groups.setdefault((each.status, sentence(each)), []).append(each.version)
    pending = groups.pop((MigrationStatus.PENDING, NOT_APPLIED), [])
    order = [each.version for each in finding.migrations]
    parts = [f"{fold_versions(group, order)} {status}: {text}" for (status, text), group in groups.items()]
    number = f" ({len(pending)} migrations)" if len(pending) > MOST_UNCOUNTED else ""
    parts += [f"not applied: {fold_versions(pending, order)}{number}"] if pending else []
    joined = ["; ".join(parts)] if parts else []
    return "; ".join(sorted([*joined, *map(sentence, broken_contracts(finding))], key=len))


def named(finding: DifferenceEntry | UnexpectedEntry) -> str:
    """The object's kind and name, in which a line break is shown as one."""
    return f"{finding.kind} {show_hidden(finding.identity)}"


def lacking_migrations(tenant: TenantEntry) -> tuple[MigrationEntry, ...]:
    """The migrations that are not applied and not accepted."""
    return tuple(each for each in tenant.migrations if each.status is not MigrationStatus.APPLIED and not each.accepted)


def is_empty(tenant: TenantEntry) -> bool:
    """Whether every migration is pending, as in a new tenant."""
    return bool(lacking_migrations(tenant)) and all(
        each.status is MigrationStatus.PENDING for each in tenant.migrations
    )


def counting_differences(migration: MigrationEntry) -> tuple[DifferenceEntry, ...]:
    """The differences that are not accepted; all of them if every one is accepted."""
    return tuple(each for each in migration.differences if not each.accepted) or migration.differences


def predicate(finding: DifferenceEntry) -> str:
    """What follows the object's name: that it is missing, a remark of the server, or CHANGED."""
    actual, expected = _one_line(finding.actual), _one_line(finding.expected)
    if finding.change == "missing":
        return "is missing"
    if (remark := REMARK.fullmatch(actual)) and remark["definition"] == expected:
        return f"is {remark['text']}"
    return CHANGED


def broken_contracts(tenant: TenantEntry) -> tuple[ContractEntry, ...]:
    """The contracts with statements that would fail; none if the tenant is empty."""
    if is_empty(tenant):
        return ()
    return tuple(each for each in tenant.contracts if each.works is False)


def notes(tenant: TenantEntry) -> tuple[str, ...]:
    """What is no fault, but worth reporting: extra objects, missing and customized seeds."""
    seeds = [each for each in tenant.seeds if each.status in {SeedStatus.MISSING, SeedStatus.CUSTOMIZED}]
    return tuple(sentence(each) for each in (*tenant.unexpected, *seeds))


def affected_services(finding: MigrationEntry, manifest: Manifest) -> tuple[str, ...]:
    """The services that a migration affects which is not applied: `worker: nothing is queued`.

    The manifest says what breaks without the migration. If only part of it is missing, only the services are known.
    """
    if finding.status is MigrationStatus.APPLIED:
        return ()
    impacts = next((each.impacts for each in manifest.migrations if each.version == finding.version), ())
    if finding.status is MigrationStatus.PENDING:
        return tuple(f"{impact.service}: {impact.breaks}" for impact in impacts)
    return (", ".join(impact.service for impact in impacts),) if impacts else ()


def failure_lines(contract: ContractEntry, manifest: Manifest) -> tuple[str, ...]:
    """The statements that would fail, with their places in the contract's file and the server's messages."""
    places = {
        statement.name: f" ({statement.place})"
        for each in manifest.contracts
        if each.consumer == contract.consumer
        for statement in each.statements
    }
    return tuple(
        f"{'No statement' if each.statement is None else _quoted(each.statement, places)}: {each.message}"
        for each in contract.failures
    )


def _quoted(statement: str, places: Mapping[str, str]) -> str:
    return f"'{statement}'{places.get(statement, '')}"


def failed_checks(migration: MigrationEntry) -> Iterator[str]:
    """The checks that fail or could not be completed, with the reason."""
    for check in migration.checks:
        if not check.passed:
            how = "fails" if check.passed is False else "could not be completed"
            yield f"check '{check.name}' {how}" + (f": {check.detail}" if check.detail else "")


def _one_line(definition: str | None) -> str:
    return shortened(one_line_of_sql(definition or "nothing"), MOST_CHARACTERS)
