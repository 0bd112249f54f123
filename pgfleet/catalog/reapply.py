"""Which differences are fixed by running the migrations of the object again."""

from collections.abc import Collection
from dataclasses import dataclass

from pgfleet.catalog.objects import Change, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Reapplicable:
    """The objects of an expected catalog that a rerun of their migrations restored in a trial.

    `missing` objects were dropped and restored exactly. `altered` objects were altered; the `changed` ones among them
    were restored exactly.
    """

    missing: frozenset[Identity] = frozenset()
    altered: frozenset[Identity] = frozenset()
    changed: frozenset[Identity] = frozenset()

    def restores(self, identity: Identity, change: Change) -> bool:
        """Whether a rerun of the object's migrations is proven to fix a difference of this kind."""
        return identity in (self.missing if change is Change.MISSING else self.changed)

    def within(self, identities: Collection[Identity]) -> "Reapplicable":
        """The same, claimed for these objects only."""
        return Reapplicable(
            missing=self.missing & {*identities},
            altered=self.altered & {*identities},
            changed=self.changed & {*identities},
        )


NOTHING_TRIED = Reapplicable()
"""No trial was made, so no difference is proven to be fixed by a rerun."""
