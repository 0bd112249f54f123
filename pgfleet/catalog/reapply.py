"""What a rerun heals: which objects come back if the scripts that made and changed them are run again."""

from dataclasses import dataclass

from pgfleet.catalog.objects import Change, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Reapplicable:
    """What was proven, by experiment, of each object of an expected catalog; of what was not, nothing is claimed.

    `missing` were dropped and came back exactly as they were; `altered` are those of which an alteration was tried, and
    `changed` those of them that came back.
    """

    missing: frozenset[Identity] = frozenset()
    altered: frozenset[Identity] = frozenset()
    changed: frozenset[Identity] = frozenset()

    def restores(self, identity: Identity, change: Change) -> bool:
        """Whether a rerun of the object's migrations is proven to put right such a difference."""
        return identity in (self.missing if change is Change.MISSING else self.changed)


NOTHING_TRIED = Reapplicable()
"""Nothing was tried, so nothing is claimed."""
