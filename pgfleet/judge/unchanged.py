"""Which earlier inspections of tenants may still hold, so that their catalogs need not be read again."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from pgfleet.documents.audit import INCONCLUSIVE, PositionEntry, StampEntry, StampScope, TenantEntry
from pgfleet.documents.entry import Entry
from pgfleet.documents.findings import UnexpectedEntry

FULL = "full"
"""How a tenant was read whose catalog was read."""


class EarlierInspection(Entry):
    """What a run found in a tenant's catalog, and the catalog's stamp at that time.

    `unexpected_left_out` is the number of unexpected objects that are not in `unexpected`; `other_tables` that of the
    tenant's tables, if none is the manifest's.
    """

    name: str
    stamp: StampEntry
    fingerprint: str
    position: PositionEntry
    unexpected: tuple[UnexpectedEntry, ...] = ()
    unexpected_left_out: int = 0
    other_tables: int | None = None

    @property
    def read(self) -> str:
        """How the tenant was read, for the document, if its catalog is unchanged."""
        return f"unchanged since {self.stamp.read_at:%Y-%m-%dT%H:%M:%SZ}"


def inspections_in(entries: Iterable[TenantEntry]) -> tuple[EarlierInspection, ...]:
    """Those of the entries' inspections that a later run can use: complete ones, with a stamp."""
    return tuple(
        EarlierInspection(
            name=each.name,
            stamp=each.stamp,
            fingerprint=each.fingerprint,
            position=each.position,
            unexpected=each.unexpected,
            unexpected_left_out=each.unexpected_left_out,
            other_tables=each.other_tables,
        )
        for each in entries
        if each.stamp
        and each.fingerprint
        and each.position
        and each.verdict not in INCONCLUSIVE
        and each.reason is None
        and (each.other_tables is None or each.stamp.scope is StampScope.DATABASE)
    )


def earlier_inspections(
    inspections: Iterable[EarlierInspection], now: datetime, full_audit_every: timedelta
) -> Mapping[str, EarlierInspection]:
    """Those that may still hold, by tenant: not older than `full_audit_every`, and of each tenant the last one."""
    recent = [each for each in inspections if now - each.stamp.read_at < full_audit_every]
    return {each.name: each for each in sorted(recent, key=lambda each: each.stamp.read_at)}
