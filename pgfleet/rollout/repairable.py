"""Which problems of a tenant a repair can address."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.catalog.differences import Difference
from pgfleet.documents.findings import MigrationEntry, MigrationStatus
from pgfleet.documents.plan import AcceptedObject
from pgfleet.documents.repair import NotRepairableEntry
from pgfleet.judge.migration import difference_entry
from pgfleet.rollout.planning import accepted_object


def find_repairable(
    differences: Iterable[Difference], entries: Iterable[MigrationEntry], home: str
) -> tuple[Difference, ...]:
    """The differences of drifted migrations, without accepted ones and those that these imply.

    `entries` are the tenant's migrations with accepted differences marked. Pending migrations are left to a rollout.
    """
    found = tuple(differences)
    accepted = {each.version: _accepted_in(each) for each in entries if each.status is MigrationStatus.DRIFTED}
    excluded = [each for each in found if _as_accepted(each, home) in accepted.get(each.version, ())]
    places = {(each.version, each.expected.place) for each in excluded}
    return tuple(
        each
        for each in found
        if each.version in accepted
        and not {(each.version, each.expected.place), (each.version, each.expected.parent_place)} & places
    )


def find_not_repairable(entries: Iterable[MigrationEntry]) -> Iterator[NotRepairableEntry]:
    """The migrations that are not applied although they have no difference to repair, with the reason."""
    for each in entries:
        if each.accepted or each.status is MigrationStatus.APPLIED:
            continue
        if each.status is MigrationStatus.PENDING:
            yield _not_repairable(each, "never applied: run pgfleet rollout")
        elif not each.differences:
            yield _not_repairable(each, _reason(each))


def is_accounted_for(entry: MigrationEntry) -> bool:
    """Whether the migration is applied, or has differences that are accepted or left to a person."""
    return entry.status is MigrationStatus.APPLIED or bool(entry.differences)


def find_newly_failing(before: MigrationEntry, after: MigrationEntry) -> Sequence[str]:
    """The names of the checks that passed before and do not pass now."""
    passed = {each.name for each in before.checks if each.passed}
    return [each.name for each in after.checks if each.name in passed and not each.passed]


def _accepted_in(entry: MigrationEntry) -> frozenset[AcceptedObject]:
    return frozenset(accepted_object(each) for each in entry.differences if each.accepted)


def _as_accepted(difference: Difference, home: str) -> AcceptedObject:
    return accepted_object(difference_entry(difference, home))


def _not_repairable(entry: MigrationEntry, reason: str) -> NotRepairableEntry:
    return NotRepairableEntry(version=entry.version, file=entry.file, status=entry.status, reason=reason)


def _reason(entry: MigrationEntry) -> str:
    failing = [f"check '{each.name}': {each.detail or 'fails'}" for each in entry.checks if not each.passed]
    if not failing:
        return "started but not finished, according to the ledger: run pgfleet rollout to continue it"
    if entry.status is MigrationStatus.UNKNOWN:
        return f"no differences, but it could not be inspected completely: {'; '.join(failing)}"
    return f"no differences to repair, but {'; '.join(failing)}"
