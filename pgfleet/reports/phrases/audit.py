"""Findings in sentences that a person who has never seen the code understands."""

import re
from collections.abc import Iterator, Mapping
from functools import singledispatch

from pgfleet.documents.audit import (
    ContractEntry,
    DifferenceEntry,
    MigrationEntry,
    MigrationStatus,
    SeedEntry,
    SeedStatus,
    TenantEntry,
    UnexpectedEntry,
    Verdict,
)
from pgfleet.manifest.model import Manifest

VERDICT_MEANS = {
    Verdict.READY: "everything the manifest asks for is there",
    Verdict.DEGRADED: "the assistant starts, but an auxiliary feature does not work",
    Verdict.BLOCKED: "the assistant cannot start, or fails when it is used",
    Verdict.UNREACHABLE: "no connection could be had",
    Verdict.UNKNOWN: "connected, but not everything could be looked at",
}


CHANGED = "is changed"
REMARK = re.compile(r"(?P<definition>.*) \((?P<said>[A-Z ]+: [^()]+)\)")
"""What the introspection appends to a definition that does not tell all: `… (INVALID: no query uses it)`."""
NEVER_APPLIED = "no migration was ever applied: it is as empty as a new tenant"


@singledispatch
def sentence(finding: object) -> str:
    """One finding in one line."""
    raise TypeError(type(finding).__name__)


@sentence.register
def _(finding: DifferenceEntry) -> str:
    said = predicate(finding)
    if said == CHANGED:
        said = f"is {_one_line(finding.actual)}, should be {_one_line(finding.expected)}"
    return f"{finding.kind} {finding.identity} {said}"


@sentence.register
def _(finding: UnexpectedEntry) -> str:
    return f"{finding.kind} {finding.identity} is not the manifest's: {_one_line(finding.actual)}"


@sentence.register
def _(finding: MigrationEntry) -> str:
    if finding.status is MigrationStatus.PENDING:
        return "nothing of it is there: it was never applied"
    told = differences_told(finding)
    parts = [sentence(each) for each in told] or [*_failed_checks(finding)]
    if not parts and finding.status is not MigrationStatus.APPLIED:
        parts = ["the ledger says it was applied"]
    return "; ".join(parts)


@sentence.register
def _(finding: SeedEntry) -> str:
    if finding.status is SeedStatus.CUSTOMIZED:
        return f"seed {finding.name} was {finding.detail} (the tenant's own, no fault)"
    return f"seed {finding.name} is {finding.status}" + (f" ({finding.detail})" if finding.detail else "")


@sentence.register
def _(finding: ContractEntry) -> str:
    if not finding.failures:
        tried = "cannot be said to work" if finding.works is None else "can run all of its statements"
        return f"{finding.consumer} {tried}" + (f": {finding.detail}" if finding.detail else "")
    first, *others = finding.failures
    what = "anything" if first.statement is None else f"'{first.statement}'"
    role = f" as {finding.role}" if finding.role else ""
    more = f"; nor {len(others)} more of its statements" if others else ""
    return f"{finding.consumer} cannot run {what}{role}: {first.message}{more}"


@sentence.register
def _(finding: TenantEntry) -> str:
    if finding.reason:
        return finding.reason
    lacking = [each for each in finding.migrations if not each.accepted]
    never = [each.version for each in lacking if each.status is MigrationStatus.PENDING]
    if never and len(never) == len(finding.migrations):
        return NEVER_APPLIED
    parts = [f"{each.version} {each.status}: {sentence(each)}" for each in lacking if _is_wrong(each)]
    parts += [f"never applied: {', '.join(never)}"] if never else []
    told = ["; ".join(parts)] if parts else []
    return "; ".join(sorted([*told, *map(sentence, broken_contracts(finding))], key=len))


def differences_told(migration: MigrationEntry) -> tuple[DifferenceEntry, ...]:
    """The differences that count; all of them where none does, which is told as accepted."""
    return tuple(each for each in migration.differences if not each.accepted) or migration.differences


def predicate(finding: DifferenceEntry) -> str:
    """What is the matter with the object, after its name; CHANGED where only the two definitions tell."""
    actual, expected = _one_line(finding.actual), _one_line(finding.expected)
    if finding.change == "missing":
        return "is missing"
    if (remark := REMARK.fullmatch(actual)) and remark["definition"] == expected:
        return f"is {remark['said']}"
    return CHANGED


def broken_contracts(tenant: TenantEntry) -> tuple[ContractEntry, ...]:
    """The consumers with statements that would not work; none of a tenant that is as empty as a new one."""
    if all(each.status is MigrationStatus.PENDING for each in tenant.migrations):
        return ()
    return tuple(each for each in tenant.contracts if each.works is False)


def notes(tenant: TenantEntry) -> tuple[str, ...]:
    """What is worth knowing of a tenant without being a fault."""
    seeds = [each for each in tenant.seeds if each.status in {SeedStatus.MISSING, SeedStatus.CUSTOMIZED}]
    return tuple(sentence(each) for each in (*tenant.unexpected, *seeds))


def affected_services(finding: MigrationEntry, manifest: Manifest) -> tuple[str, ...]:
    """Who is the worse for a migration that is not applied: what breaks without it, or just who depends on it.

    The manifest says what breaks when the migration is not there at all; of one that is there in part it is not known.
    """
    if finding.status is MigrationStatus.APPLIED:
        return ()
    impacts = next((each.impacts for each in manifest.migrations if each.version == finding.version), ())
    if finding.status is MigrationStatus.PENDING:
        return tuple(f"{impact.service}: {impact.breaks}" for impact in impacts)
    return (f"depends on it: {', '.join(impact.service for impact in impacts)}",) if impacts else ()


def failure_lines(contract: ContractEntry, manifest: Manifest) -> tuple[str, ...]:
    """The statements that would not work, with the places where they stand, and what the server says of each."""
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


def _is_wrong(migration: MigrationEntry) -> bool:
    return migration.status not in {MigrationStatus.APPLIED, MigrationStatus.PENDING}


def _failed_checks(migration: MigrationEntry) -> Iterator[str]:
    for check in migration.checks:
        if not check.passed:
            how = "fails" if check.passed is False else "could not be completed"
            yield f"check '{check.name}' {how}: {check.detail}"


def _one_line(text: str | None) -> str:
    return " ".join((text or "nothing").split())
