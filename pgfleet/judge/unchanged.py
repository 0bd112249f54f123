"""Which earlier inspections of tenants may still hold, so that their catalogs need not be read again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pgfleet.documents.audit import INCONCLUSIVE, PositionEntry, StampEntry, TenantEntry, UnexpectedEntry, Verdict
from pgfleet.documents.entry import Entry

FULL = "full"
"""How a tenant was read whose catalog was read."""


class StampedTenant(Entry):
    """The keys of a tenant's entry that matter here; reading only these is much faster."""

    name: str
    verdict: Verdict
    reason: str | None = None
    fingerprint: str | None = None
    position: PositionEntry | None = None
    unexpected: tuple[UnexpectedEntry, ...] = ()
    unexpected_left_out: int = 0
    other_tables: int | None = None
    stamp: StampEntry | None = None


class StampedAudit(Entry):
    """The same of an audit document."""

    tenants: tuple[StampedTenant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierInspection:
    """What an audit found in a tenant's catalog, and the catalog's stamp at that time.

    `unexpected_left_out` is the number of unexpected objects that are not in `unexpected`.
    """

    stamp: StampEntry
    fingerprint: str
    position: PositionEntry
    unexpected: tuple[UnexpectedEntry, ...]
    unexpected_left_out: int

    @property
    def read(self) -> str:
        """How the tenant was read, for the document, if its catalog is unchanged."""
        return f"unchanged since {self.stamp.read_at:%Y-%m-%dT%H:%M:%SZ}"


def earlier_inspections(
    entries: Iterable[TenantEntry | StampedTenant], now: datetime, full_audit_every: timedelta
) -> Mapping[str, EarlierInspection]:
    """The inspections that may still hold, by tenant: complete, and not older than `full_audit_every`."""
    return {
        each.name: EarlierInspection(
            stamp=each.stamp,
            fingerprint=each.fingerprint,
            position=each.position,
            unexpected=each.unexpected,
            unexpected_left_out=each.unexpected_left_out,
        )
        for each in entries
        if each.stamp
        and each.fingerprint
        and each.position
        and each.verdict not in INCONCLUSIVE
        and each.reason is None
        and each.other_tables is None
        and now - each.stamp.read_at < full_audit_every
    }
