"""What is known of a tenant besides its catalog."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields

from pgfleet.catalog.objects import Identity, ObjectKind
from pgfleet.catalog.shared_objects import is_shared


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is known of a tenant besides its catalog.

    `ledger` and `tool` are the versions that the two ledgers record as applied; None where there is no such ledger.
    `started` are those of the first that were begun outside a transaction, and did not finish as far as the ledger
    knows. `adopted_now` are those that this run has adopted, on the evidence of the catalog. `outdated` are repeatable
    migrations that our ledger records with another text. `checks` holds, for versions that have checks, whether all of
    them pass; None where that could not be determined. `attached` says of versions that only make partitions whether
    these are in place: all (True), none (False), or some (None). `harmless` versions are proven to change nothing when
    they are run again. `shares_objects`: other tenants may have created the objects outside the home schema.
    """

    ledger: frozenset[str] | None = None
    tool: frozenset[str] | None = None
    started: frozenset[str] = frozenset()
    adopted_now: frozenset[str] = frozenset()
    outdated: frozenset[str] = frozenset()
    checks: Mapping[str, bool | None] = field(default_factory=dict)
    attached: Mapping[str, bool | None] = field(default_factory=dict)
    harmless: frozenset[str] = frozenset()
    shares_objects: bool = False

    @property
    def key(self) -> Hashable:
        """The same as a value that can be hashed."""
        values = (getattr(self, each.name) for each in fields(self))
        return tuple(frozenset(each.items()) if isinstance(each, Mapping) else each for each in values)

    @property
    def shown(self) -> frozenset[str]:
        """The versions whose partitions are in place."""
        return frozenset(version for version, is_in_place in self.attached.items() if is_in_place)

    @property
    def known(self) -> frozenset[str]:
        """The versions that either ledger records as applied."""
        return (self.ledger or frozenset()) | (self.tool or frozenset())

    @property
    def known_before(self) -> frozenset[str]:
        """Those that either ledger recorded before this run: what it adopted was no record when it was planned."""
        return ((self.ledger or frozenset()) - self.adopted_now) | (self.tool or frozenset())


def may_be_foreign(identity: Identity, records: Records) -> bool:
    """Whether the object may exist for another reason than the tenant's migrations."""
    return identity.kind is ObjectKind.EXTENSION or (records.shares_objects and is_shared(identity))
