"""The drift that a tenant still has at the end of a rollout."""

from collections.abc import Collection
from datetime import date

from pgfleet.documents.findings import DifferenceEntry
from pgfleet.fleet.model import Acceptance
from pgfleet.judge.acceptance import is_in_force, mark_accepted
from pgfleet.judge.assessment import Assessment
from pgfleet.judge.migration import difference_entry


def remaining_drift(
    assessment: Assessment,
    versions: Collection[str],
    acceptances: Collection[Acceptance],
    today: date,
    *,
    tenant: str,
    home: str,
) -> tuple[DifferenceEntry, ...]:
    """The differences of those versions that are applied, without the accepted ones, in the manifest's order."""
    in_force = [each for each in acceptances if is_in_force(each, today)]
    found = [
        mark_accepted(tenant, difference_entry(difference, home, repair), in_force)
        for version in assessment.expected.history.versions
        if version in versions and version in assessment.position.applied
        for difference, repair in assessment.repairs.get(version, ())
    ]
    return tuple(each for each in found if not each.accepted)
