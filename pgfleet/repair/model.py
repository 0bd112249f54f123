"""A repair and its hazards."""

from dataclasses import dataclass
from enum import StrEnum

from pgfleet.hazards.codes import HazardCode


class Strategy(StrEnum):
    """How a difference is fixed."""

    RERUN = "rerun"
    """By running the migration again, as proven by a trial in a scratch database."""
    SQL = "sql"
    """By statements generated from the definitions of the expected catalog."""
    BY_HAND = "by hand"
    """By a person; the reason says why."""


class Hazard(StrEnum):
    """What a statement does to a table in use (PostgreSQL manual, 13.3.1 Table-Level Locks; ALTER TABLE, Notes)."""

    ACCESS_EXCLUSIVE = "takes ACCESS EXCLUSIVE"
    """Blocks reads and writes of the table."""
    BLOCKS_WRITES = "blocks writes"
    """Blocks writes of the table, but not reads."""
    REWRITES = "rewrites the table"
    """Takes the time and the disk space of a copy of the table."""
    READS_ALL = "reads the whole table"
    """Holds its lock while it reads the table."""
    MAY_FAIL = "may fail on existing rows"
    """Fails without a change if existing rows conflict with it."""
    LOSES_GRANTS = "loses what was granted on it"
    """Re-creates the object: privileges that the manifest does not grant are lost."""
    CHANGES_ROWS = "changes what rows hold"
    """Rows contain the new label of an enum instead of the old one, or a rounded value instead of the exact one."""
    MAY_BE_NEEDED = "fails while other objects depend on it"
    """Drops the object first, never with CASCADE."""

    @property
    def code(self) -> HazardCode:
        """The code of the same hazard of a script."""
        return CODES[self]


CODES = {
    Hazard.ACCESS_EXCLUSIVE: HazardCode.LOCK_ACCESS_EXCLUSIVE,
    Hazard.BLOCKS_WRITES: HazardCode.BLOCKS_WRITES,
    Hazard.REWRITES: HazardCode.REWRITES_TABLE,
    Hazard.READS_ALL: HazardCode.SCANS_TABLE,
    Hazard.MAY_FAIL: HazardCode.MAY_FAIL_ON_ROWS,
    Hazard.LOSES_GRANTS: HazardCode.CHANGES_PRIVILEGES,
    Hazard.CHANGES_ROWS: HazardCode.OVERWRITES_DATA,
    Hazard.MAY_BE_NEEDED: HazardCode.BREAKS_CLIENTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement, to run with the tenant's home schema as the search path.

    `is_late` means that it depends on objects that other statements may have to create first.
    """

    text: str
    hazards: tuple[Hazard, ...] = ()
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The repair of one difference: `version` is the migration to rerun, `reason` why a person must fix it.

    A lost table has both: a person must restore it, or consent to a rerun that creates it empty. A lost column has a
    reason, and with it the version or the statements that add it without its values, which need consent too.
    """

    strategy: Strategy
    version: str | None = None
    statements: tuple[Statement, ...] = ()
    reason: str | None = None

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """The distinct hazards of all statements."""
        found = {hazard for each in self.statements for hazard in each.hazards}
        return tuple(each for each in Hazard if each in found)


class ManualRepairNeeded(Exception):
    """No generated statement fixes this difference; the message says why."""


def by_hand(reason: str) -> Repair:
    """The repair of a difference that a person must fix, for this reason."""
    return Repair(strategy=Strategy.BY_HAND, reason=reason)
