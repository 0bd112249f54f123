"""What a repair of a tenant is about, and what it is not."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.catalog.differences import Difference
from pgfleet.documents.audit import MigrationEntry, MigrationStatus
from pgfleet.documents.plan import AcceptedObject
from pgfleet.documents.repair import NotRepairableEntry
from pgfleet.judge.migration import difference_entry
from pgfleet.rollout.planning import accepted_object


def find_repairable(
    differences: Iterable[Difference], entries: Iterable[MigrationEntry], home: str
) -> tuple[Difference, ...]:
    """The differences of drifted migrations, less those that are accepted and what falls with them.

    `entries` are the same tenant's, with what is accepted marked; a pending migration is a rollout's business.
    """
    found = tuple(differences)
    accepted = {each.version: _accepted_in(each) for each in entries if each.status is MigrationStatus.DRIFTED}
    left = [each for each in found if _told(each, home) in accepted.get(each.version, ())]
    places = {(each.version, each.expected.place) for each in left}
    return tuple(
        each
        for each in found
        if each.version in accepted
        and not {(each.version, each.expected.place), (each.version, each.expected.parent_place)} & places
    )


def find_not_repairable(entries: Iterable[MigrationEntry]) -> Iterator[NotRepairableEntry]:
    """Migrations that are not applied for another reason than a difference: never run, or a check fails alone."""
    for each in entries:
        if each.accepted or each.status is MigrationStatus.APPLIED:
            continue
        if each.status is MigrationStatus.PENDING:
            yield _beyond(each, "it was never applied: pgfleet rollout does that")
        elif not each.differences:
            yield _beyond(each, _of_checks(each))


def is_whole(entry: MigrationEntry) -> bool:
    """Whether the migration is applied; one of which something is left to a person, or accepted, need not be."""
    return entry.status is MigrationStatus.APPLIED or bool(entry.differences)


def find_newly_failing(before: MigrationEntry, after: MigrationEntry) -> Sequence[str]:
    """The names of checks that passed before, and do not now."""
    passed = {each.name for each in before.checks if each.passed}
    return [each.name for each in after.checks if each.name in passed and not each.passed]


def _accepted_in(entry: MigrationEntry) -> frozenset[AcceptedObject]:
    return frozenset(accepted_object(each) for each in entry.differences if each.accepted)


def _told(difference: Difference, home: str) -> AcceptedObject:
    return accepted_object(difference_entry(difference, home))


def _beyond(entry: MigrationEntry, reason: str) -> NotRepairableEntry:
    return NotRepairableEntry(version=entry.version, file=entry.file, status=entry.status, reason=reason)


def _of_checks(entry: MigrationEntry) -> str:
    failing = [f"check '{each.name}': {each.detail or 'fails'}" for each in entry.checks if not each.passed]
    if not failing:
        return "it was begun and not finished, as the ledger says: pgfleet rollout takes it up"
    if entry.status is MigrationStatus.UNKNOWN:
        return f"nothing of it differs, and not all of it could be looked at: {'; '.join(failing)}"
    return f"nothing of it differs, so there is nothing to be repaired, and yet {'; '.join(failing)}"
