"""What went wrong in a rollout, or was not done, or is worth a look: by its reason, with the tenants that it met."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pgfleet.documents.audit import DifferenceEntry
from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.rollout import ErrorEntry, Result, RingEntry, StepStatus, TenantResult
from pgfleet.judge.summary import tenant_count
from pgfleet.reports.phrases.rollout import error_sentence, is_unseen, seed_sentence
from pgfleet.rollout.failure_groups import FAULTY, failure_group_key

MOST_NAMES = 10

NOT_REACHED = "Not reached"

NOT_EXERCISED = "What could not be rehearsed"

LEFT_ALONE = "Left alone, as they could not be looked at"

REFUSED = "Refused, as it cannot be done the way the tenant is reached"

NO_REASON = "it is not known why"

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Something to tell of one or more tenants: a title, then lines, then the differences that a script left."""

    title: str
    lines: tuple[str, ...] = ()
    differences: tuple[DifferenceEntry, ...] = ()


def planted(results: Iterable[TenantResult]) -> Iterator[Issue]:
    """Seeds that are planted, or were there when their turn came."""
    there = {StepStatus.DONE, StepStatus.SKIPPED}
    found = ((seed_sentence(each), result.name) for result in results for each in result.seeds if each.status in there)
    return (Issue(title=title, lines=(named(tenants),)) for title, tenants in alike(found).items())


def obstacles(plans: Iterable[TenantPlan]) -> Iterator[Issue]:
    """Tenants that nothing can be done in, by the reason."""
    found = alike((f"{each.obstacle}: {each.reason or NO_REASON}", each.name) for each in plans if each.obstacle)
    return (Issue(title=title, lines=(named(tenants),)) for title, tenants in found.items())


def refusals(plans: Iterable[TenantPlan]) -> Iterator[Issue]:
    """Migrations that cannot be run the way their tenants are reached, by the reason."""
    found = alike((refused.reason or NO_REASON, each.name) for each in plans for refused in each.refused)
    return (Issue(title=title, lines=(named(tenants),)) for title, tenants in found.items())


def issues_of(results: Sequence[TenantResult], rings: Sequence[RingEntry] = ()) -> Mapping[str, Sequence[Issue]]:
    """What did not go well, or is not done, under its headings; headings without a matter too."""
    return {
        "What failed, by reason": tuple(failures(results)),
        "Not healable by a rerun: the script ran, and afterwards it is not as it should be": tuple(unproven(results)),
        "Not restarted": tuple(not_restarted(rings)),
        "What the watch found": tuple(watch_findings(rings)),
        NOT_REACHED: tuple(not_begun(results, StepStatus.NOT_REACHED)),
        NOT_EXERCISED: tuple(not_begun(results, StepStatus.NOT_EXERCISED)),
    }


def failures(results: Iterable[TenantResult]) -> Iterator[Issue]:
    """Failures by their signature, those of most tenants first; not those whose differences `unproven` tells."""
    first: dict[str, tuple[ErrorEntry, str]] = {}
    found = []
    for result in results:
        told_there = {each.error for each in result.migrations if each.residual}
        for error, subject, where in (each for each in errors_of(result) if each[0] not in told_there):
            signature = failure_group_key(error, subject)
            first.setdefault(signature, (error, where))
            found.append((signature, result.name))
    for signature, tenants in sorted(alike(found).items(), key=lambda item: (-len(item[1]), item[0])):
        error, where = first[signature]
        yield Issue(title=error_sentence(error), lines=_lines(where, named(tenants), error.advice))


def errors_of(result: TenantResult) -> Iterator[tuple[ErrorEntry, str | None, str]]:
    """Each error of a tenant once, with its subject (None: the tenant), and where it was met as far as is known.

    What loses a tenant is the error of the step that met it and of the tenant as well.
    """
    steps = [(each.error, each.version, f"in {each.file}") for each in result.migrations if each.error]
    steps += [(each.error, f"seed {each.name}", f"in seed {each.name}") for each in result.seeds if each.error]
    whole = result.error
    if whole is None and not steps and result.result in FAULTY:
        whole = ErrorEntry(message=result.reason or NO_REASON)
    if whole and whole not in [error for error, _, _ in steps]:
        yield whole, None, _place(whole, "")
    yield from ((error, subject, _place(error, where)) for error, subject, where in steps)


def unproven(results: Iterable[TenantResult]) -> Iterator[Issue]:
    """What scripts left that was not as it should be. An error goes on after its first words with the differences."""
    found = []
    for result in results:
        for step in (each for each in result.migrations if each.residual):
            error = step.error or ErrorEntry(message=NO_REASON)
            title = f"{step.file}: {error.message.split(':')[0]}"
            found.append(((title, error.advice, step.residual), result.name))
    for (title, advice, residual), tenants in alike(found).items():
        yield Issue(title=title, lines=_lines("", named(tenants), advice), differences=residual)


def not_begun(results: Iterable[TenantResult], status: StepStatus) -> Iterator[Issue]:
    """What was not reached or not rehearsed, by the reason: whole tenants, and steps of others."""
    found = []
    for result in results:
        if result.result is Result.NOT_REACHED and status is StepStatus.NOT_REACHED:
            found.append((result.reason or NO_REASON, result.name))
        steps = [(each.status, each.detail, each.version) for each in result.migrations]
        steps += [(each.status, each.detail, f"seed {each.name}") for each in result.seeds]
        here = alike(
            (detail or NO_REASON, subject) for found_status, detail, subject in steps if found_status is status
        )
        found += [(_about(", ".join(subjects), detail), result.name) for detail, subjects in here.items()]
    return (Issue(title=title, lines=(named(tenants),)) for title, tenants in alike(found).items())


def not_restarted(rings: Iterable[RingEntry]) -> Iterator[Issue]:
    """Services that could not be restarted, each with the reason."""
    for ring in rings:
        for each in ring.restarts:
            if not each.restarted:
                yield Issue(title=_about(each.service, each.detail or NO_REASON), lines=(f"after ring {ring.name}",))


def watch_findings(rings: Iterable[RingEntry]) -> Iterator[Issue]:
    """Tables that no service works on, and then those that could not be watched."""
    entries = [each for ring in rings for each in ring.watch if each.is_finding or is_unseen(each)]
    told = [(f"{each.watch} ({each.table}): {each.detail}", each.tenant) for each in sorted(entries, key=is_unseen)]
    return (Issue(title=title, lines=(named(tenants),)) for title, tenants in alike(told).items())


def alike(found: Iterable[tuple[Key, str]]) -> Mapping[Key, tuple[str, ...]]:
    """Under each thing the names that it was found with, each once."""
    groups: dict[Key, dict[str, None]] = {}
    for key, name in found:
        groups.setdefault(key, {})[name] = None
    return {key: tuple(names) for key, names in groups.items()}


def named(tenants: Sequence[str]) -> str:
    """`2 tenants: acme, borealis`."""
    return f"{tenant_count(len(tenants))}: {listed(tenants)}"


def listed(tenants: Sequence[str]) -> str:
    """`acme, borealis`; of many the first ten, and how many more."""
    more = f" and {len(tenants) - MOST_NAMES} more" if len(tenants) > MOST_NAMES else ""
    return f"{', '.join(tenants[:MOST_NAMES])}{more}"


def _about(subject: str, said: str) -> str:
    return said if said.startswith(subject) else f"{subject}: {said}"


def _place(error: ErrorEntry, where: str) -> str:
    return f"at {error.file}, line {error.line} column {error.column}" if error.line else where


def _lines(where: str, tenants: str, advice: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (where, tenants, f"next: {advice}" if advice else "")))
