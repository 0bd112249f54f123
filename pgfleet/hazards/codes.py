"""The codes of hazards: stable names in policies, manifests, and JSON."""

from enum import StrEnum


class HazardCode(StrEnum):
    """What a statement does that a reviewer wants to know (docs/hazards.md); the worst first."""

    DELETES_DATA = "DELETES_DATA"
    OVERWRITES_DATA = "OVERWRITES_DATA"
    DYNAMIC_SQL = "DYNAMIC_SQL"
    AFFECTS_SERVER = "AFFECTS_SERVER"
    LOCK_ACCESS_EXCLUSIVE = "LOCK_ACCESS_EXCLUSIVE"
    REWRITES_TABLE = "REWRITES_TABLE"
    SCANS_TABLE = "SCANS_TABLE"
    BLOCKS_WRITES = "BLOCKS_WRITES"
    BACKFILLS_ROWS = "BACKFILLS_ROWS"
    MAY_FAIL_ON_ROWS = "MAY_FAIL_ON_ROWS"
    BREAKS_CLIENTS = "BREAKS_CLIENTS"
    CHANGES_PRIVILEGES = "CHANGES_PRIVILEGES"
    CASCADES = "CASCADES"
    RUNS_OUTSIDE_TRANSACTION = "RUNS_OUTSIDE_TRANSACTION"
    NOT_REVERSIBLE = "NOT_REVERSIBLE"

    @property
    def meaning(self) -> str:
        """What it means, in one line."""
        return MEANINGS[self]


MEANINGS = {
    HazardCode.DELETES_DATA: "removes rows, columns, tables, or values",
    HazardCode.OVERWRITES_DATA: "replaces values in existing rows",
    HazardCode.DYNAMIC_SQL: "runs code whose effects its text does not show in full",
    HazardCode.AFFECTS_SERVER: "reaches beyond the tenant's database: roles, other databases, files, programs",
    HazardCode.LOCK_ACCESS_EXCLUSIVE: "blocks reads and writes of the table until the transaction ends",
    HazardCode.REWRITES_TABLE: "takes the time and the disk space of a copy of the table",
    HazardCode.SCANS_TABLE: "reads the entire table",
    HazardCode.BLOCKS_WRITES: "blocks writes of the table until the transaction ends, but not reads",
    HazardCode.BACKFILLS_ROWS: "changes or adds many rows, and locks them until the transaction ends",
    HazardCode.MAY_FAIL_ON_ROWS: "fails if existing rows conflict with it",
    HazardCode.BREAKS_CLIENTS: "renames, moves, or removes what running services use",
    HazardCode.CHANGES_PRIVILEGES: "changes who may read or write what",
    HazardCode.CASCADES: "drops objects that it does not name",
    HazardCode.RUNS_OUTSIDE_TRANSACTION: "runs outside a transaction, so a failure leaves it half done",
    HazardCode.NOT_REVERSIBLE: "has no script that undoes it",
}

ADVICE = {
    HazardCode.DELETES_DATA: (
        "first release the services that no longer use the data; keep a copy; then allow it for this migration"
    ),
    HazardCode.OVERWRITES_DATA: "write to a new column, and drop the old one later",
    HazardCode.DYNAMIC_SQL: "write the statements out; then their hazards are known",
    HazardCode.AFFECTS_SERVER: "provision servers separately; a rollout runs once per tenant",
    HazardCode.LOCK_ACCESS_EXCLUSIVE: "keep the migration short: no scan, rewrite, or backfill in the same script",
    HazardCode.REWRITES_TABLE: (
        "add a column, fill it in steps, and switch over; for a default, set it after adding the column"
    ),
    HazardCode.SCANS_TABLE: "add a constraint as NOT VALID, and validate it in a later migration",
    HazardCode.BLOCKS_WRITES: (
        "create the index CONCURRENTLY, with transactional = false; add a foreign key as NOT VALID"
    ),
    HazardCode.BACKFILLS_ROWS: "restrict it to the rows that need it; leave large backfills to a job of the service",
    HazardCode.MAY_FAIL_ON_ROWS: "add a check to an earlier migration; correct the rows first",
    HazardCode.BREAKS_CLIENTS: "add the new name first, and remove the old one when nothing uses it",
    HazardCode.CHANGES_PRIVILEGES: "review it with the owner of the data",
    HazardCode.CASCADES: "name them, without CASCADE",
    HazardCode.RUNS_OUTSIDE_TRANSACTION: "one statement per script",
    HazardCode.NOT_REVERSIBLE: "add a down script",
}
"""What to do instead, for the author of the script."""


def code_named(name: str) -> HazardCode:
    """The code with this name. Raises ValueError."""
    try:
        return HazardCode(name)
    except ValueError:
        raise ValueError(f"is not a hazard's code; the codes are {', '.join(HazardCode)}") from None
