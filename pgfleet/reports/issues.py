"""What a rollout could not do, or needs attention: one issue for each reason, with the tenants it concerns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.findings import DifferenceEntry
from pgfleet.documents.plan import PlannedMigration, TenantPlan
from pgfleet.documents.ring import RingEntry
from pgfleet.documents.rollout import Result, StepStatus, TenantResult
from pgfleet.reports.phrases.audit import sentence
from pgfleet.reports.phrases.repair import fix_of
from pgfleet.reports.phrases.rollout import (
    REASON_UNKNOWN,
    Met,
    Step,
    about_migrations,
    error_sentence,
    errors_of,
    first_contact_sentence,
    is_unread,
    place_text,
    seed_sentence,
    steps_of,
    subject_of,
)
from pgfleet.rollout.failures import failure_group_key
from pgfleet.wording import MOST_NAMES, group_names

CANNOT_ROLL_BACK = "not in a transaction, so no rollback is possible"
REMAINING = "Findings that remain"
NOT_REACHED = "Not reached"
ROLLED_BACK = "Rolled back with the tenant's transaction"
NOT_EXERCISED = "Not exercised by the dry run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One reason: where it was met, in which tenants (`most_names` are shown), which objects differ, what to do."""

    title: str
    place: str = ""
    tenants: tuple[str, ...] = ()
    most_names: int = MOST_NAMES
    differences: tuple[DifferenceEntry, ...] = ()
    advice: str | None = None


def applied_seeds(results: Iterable[TenantResult]) -> Iterator[Issue]:
    """Seeds that are in place now."""
    in_place = {StepStatus.DONE, StepStatus.SKIPPED}
    return _by_title(
        (f"seed {seed_sentence(each)}", result.name)
        for result in results
        for each in result.seeds
        if each.status in in_place
    )


def first_contacts(plans: Iterable[TenantPlan]) -> Iterator[Issue]:
    """Tenants that have tables, but none of the manifest's."""
    return _by_title((first_contact_sentence(each.first_contact), each.name) for each in plans if each.first_contact)


def obstacles(plans: Iterable[TenantPlan]) -> Iterator[Issue]:
    """Why tenants are skipped."""
    stopped = (each for each in plans if each.obstacle)
    return _by_title((f"{each.reason or REASON_UNKNOWN} ({each.obstacle})", each.name) for each in stopped)


def reasons_of(
    plans: Iterable[TenantPlan], files: Mapping[str, str], is_wanted: Callable[[PlannedMigration], bool]
) -> Iterator[Issue]:
    """The reasons of the migrations that are wanted; `files` are the manifest's, by version in its order."""
    found = []
    for plan in plans:
        wanted = (each for each in plan.migrations if is_wanted(each))
        reasons = group_names((_without(files[each.version], each.reason), each.version) for each in wanted)
        found += [(f"{about_migrations(versions, files)}: {reason}", plan.name) for reason, versions in reasons.items()]
    return _by_title(found)


def outside_transactions(plans: Iterable[TenantPlan], files: Mapping[str, str], alone: Set[str]) -> Iterator[Issue]:
    """The migrations that run `alone`, outside a transaction, in the tenants whose plans run them."""
    found = ((plan.name, [each for each in files if each in alone & plan.runs]) for plan in plans)
    return _by_title(
        (f"{about_migrations(versions, files)}: {CANNOT_ROLL_BACK}", name) for name, versions in found if versions
    )


def issues_of(
    results: Sequence[TenantResult], files: Mapping[str, str], rings: Sequence[RingEntry] = ()
) -> Mapping[str, Sequence[Issue]]:
    """Everything that failed or was omitted, under its heading; headings without an issue are omitted.

    `files` are the manifest's, by version in its order.
    """
    found = {
        "Failures, by reason": tuple(failures(results, tuple(files))),
        "Still different after the script ran": tuple(unproven(results)),
        REMAINING: tuple(remaining(results)),
        "Services not restarted": tuple(not_restarted(rings)),
        "Watch findings": tuple(watch_findings(rings)),
        NOT_REACHED: tuple(not_begun(results, StepStatus.NOT_REACHED, files)),
        ROLLED_BACK: tuple(not_begun(results, StepStatus.ROLLED_BACK, files)),
        NOT_EXERCISED: tuple(not_begun(results, StepStatus.NOT_EXERCISED, files)),
    }
    return {heading: issues for heading, issues in found.items() if issues}


def failures(results: Iterable[TenantResult], order: Sequence[str]) -> Iterator[Issue]:
    """Failures by their reason, those of most tenants first; without those that left differences, see `unproven`.

    Migrations that met the same error in the same tenants are one issue.
    """
    first: dict[str, Met] = {}
    found = []
    for result in results:
        elsewhere = {each.error for each in result.migrations if each.residual}
        elsewhere |= {result.repair.error} if result.repair and result.repair.residual else set()
        for error, step in (each for each in errors_of(result) if each[0] not in elsewhere):
            key = failure_group_key(error, subject_of(step) if step else None)
            first.setdefault(key, (error, step))
            found.append((key, result.name))
    merged: dict[tuple[str, str | None, tuple[str, ...]], list[Met]] = {}
    for key, tenants in sorted(group_names(found).items(), key=lambda item: (-len(item[1]), item[0])):
        error, _ = first[key]
        merged.setdefault((error_sentence(error), error.advice, tenants), []).append(first[key])
    for (title, advice, tenants), met in merged.items():
        yield Issue(title=title, place=place_text(met, order), tenants=tenants, advice=advice)


def unproven(results: Iterable[TenantResult]) -> Iterator[Issue]:
    """The differences that remain after scripts. After its first words, an error message repeats them."""
    found = []
    for result in results:
        left = [(step.file, step.error, step.residual) for step in result.migrations]
        left += [("repair", result.repair.error, result.repair.residual)] if result.repair else []
        for name, failure, residual in (each for each in left if each[2]):
            error = failure or ErrorEntry(message=REASON_UNKNOWN)
            title = f"{name}: {error.message.split(':')[0]}"
            found.append(((title, error.advice, residual), result.name))
    for (title, advice, residual), tenants in group_names(found).items():
        yield Issue(title=title, tenants=tenants, differences=residual, advice=advice)


def remaining(results: Iterable[TenantResult]) -> Iterator[Issue]:
    """The drift that tenants still have, with what fixes it."""
    found = (((sentence(one), fix_of(one)), each.name) for each in results for one in each.remaining)
    for (title, advice), tenants in group_names(found).items():
        yield Issue(title=title, tenants=tenants, advice=advice)


def not_begun(results: Iterable[TenantResult], status: StepStatus, files: Mapping[str, str]) -> Iterator[Issue]:
    """What has this status, by the reason: entire tenants, and steps of others."""
    found = []
    for result in results:
        if result.result is Result.NOT_REACHED and status is StepStatus.NOT_REACHED:
            found.append((result.reason or REASON_UNKNOWN, result.name))
        steps = [each for each in steps_of(result) if each.status is status]
        reasons = group_names((_reason(each), subject_of(each)) for each in steps)
        known = {**files, **{each.version: each.file for each in result.migrations}}
        found += [
            (f"{about_migrations(subjects, known)}: {reason}", result.name) for reason, subjects in reasons.items()
        ]
    return _by_title(found)


def not_restarted(rings: Iterable[RingEntry]) -> Iterator[Issue]:
    """Services that could not be restarted, each with the reason."""
    for ring in rings:
        for each in ring.restarts:
            if not each.restarted:
                title = f"{each.service}: {_without(f'{each.service}:', each.detail)}"
                yield Issue(title=title, place=f"after ring {ring.name}")


def watch_findings(rings: Iterable[RingEntry]) -> Iterator[Issue]:
    """Tables on which no service works, and then those that could not be read."""
    entries = [each for ring in rings for each in ring.watch if each.is_finding or is_unread(each)]
    ordered = sorted(entries, key=is_unread)
    return _by_title((f"{each.watch} ({each.table}): {each.detail}", each.tenant) for each in ordered)


def _by_title(found: Iterable[tuple[str, str]]) -> Iterator[Issue]:
    return (Issue(title=title, tenants=tenants) for title, tenants in group_names(found).items())


def _reason(step: Step) -> str:
    return _without(step.file, step.detail) if hasattr(step, "file") else step.detail or REASON_UNKNOWN


def _without(subject: str, reason: str | None) -> str:
    """The reason without the subject that it begins with: many subjects have the same."""
    return (reason or REASON_UNKNOWN).removeprefix(subject).removeprefix(",").strip()
