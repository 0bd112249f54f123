"""A repair, and what is to be feared of it."""

from dataclasses import dataclass
from enum import StrEnum


class Strategy(StrEnum):
    """How a difference is put right."""

    RERUN = "rerun"
    """Rolling the migration out again is proven to do it (by an experiment in a scratch database)."""
    SQL = "sql"
    """These statements do it, made of the expected catalog's own definitions."""
    BY_HAND = "by hand"
    """Neither does; the reason says why."""


class Hazard(StrEnum):
    """What a statement does to a table in use (PostgreSQL manual, 13.3.1 Table-Level Locks; ALTER TABLE, Notes)."""

    ACCESS_EXCLUSIVE = "takes ACCESS EXCLUSIVE"
    """Nobody can even read the table meanwhile."""
    BLOCKS_WRITES = "blocks writes"
    """Readers go on, writers wait until it is done."""
    REWRITES = "rewrites the table"
    """It takes as long as copying the table, and as much room."""
    READS_ALL = "reads the whole table"
    """It takes as long as that, under its lock."""
    MAY_FAIL = "may fail on existing rows"
    """Rows that came in meanwhile may contradict it; nothing is done then."""
    LOSES_GRANTS = "loses what was granted on it"
    """It is made anew: privileges that the manifest does not grant are gone."""
    RENAMES = "changes what rows hold"
    """They hold the new label where they held the old one."""
    MAY_BE_NEEDED = "fails while other objects depend on it"
    """It is dropped first, and never with CASCADE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement, to be run with the tenant's home schema as search path.

    `is_late` says that it needs other objects which may have to be made first.
    """

    text: str
    hazards: tuple[Hazard, ...] = ()
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What puts one difference right. `version` is the migration to run again, `reason` why it is left to a person."""

    strategy: Strategy
    version: str | None = None
    statements: tuple[Statement, ...] = ()
    reason: str | None = None

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Those of all its statements, each once."""
        found = {hazard for each in self.statements for hazard in each.hazards}
        return tuple(each for each in Hazard if each in found)


class LeftToPerson(Exception):
    """No statement of ours puts this right; the message says why."""
