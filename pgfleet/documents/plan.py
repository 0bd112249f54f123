"""What a rollout will do in a tenant."""

from enum import StrEnum

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import ScriptFaultEntry, Verdict
from pgfleet.documents.entry import Entry, StatementEntry
from pgfleet.documents.findings import CountEntry, DifferenceEntry, LedgerState
from pgfleet.fleet.model import TransactionMode
from pgfleet.manifest.model import Priority


class Action(StrEnum):
    """What a rollout does with one migration in one tenant."""

    SKIP = "skip"
    """Applied and in the ledger, or all of its differences are accepted: runs nothing."""
    ADOPT = "adopt"
    """Applied, but not in the ledger: records it, runs nothing."""
    APPLY = "apply"
    """Pending: runs its script."""
    REAPPLY = "reapply"
    """Drifted: runs its script again, which is proven to fix the drift."""
    RERUN = "rerun"
    """Applied: runs its script again, on request or because an earlier script undoes part of it."""
    REPAIR = "repair"
    """Drifted: runs generated statements, which fix it."""
    LEAVE = "leave"
    """Drifted, and running its script again is not proven to fix that: runs nothing."""
    REFUSE = "refuse"
    """Its script, or its down script, cannot run in the tenant: runs nothing."""
    REVERT = "revert"
    """Applied, and to be reverted: runs its down script."""


RUNS = frozenset({Action.APPLY, Action.REAPPLY, Action.RERUN})
"""The actions that run a migration's script; a revert runs its down script."""
IDLE = frozenset({Action.SKIP, Action.LEAVE, Action.REFUSE})
"""The actions that write nothing."""


class AcceptedObject(Entry):
    """One difference that the rollout leaves alone, because the fleet file accepts it."""

    kind: str
    identity: str
    change: str


class PlannedMigration(Entry):
    """One migration of a tenant's plan; `accepted` are the differences for which it is left alone.

    `reason` says why it is refused or left as it is, and what to do. `declared` migrations are adopted because somebody
    says that they are applied; `reason` then says what in the catalog contradicts that. `down_checksum` is that of the
    script that reverts it.
    """

    version: str
    action: Action
    altered: bool = False
    ledger: LedgerState | None = None
    accepted: tuple[AcceptedObject, ...] = ()
    reason: str | None = None
    declared: bool = False
    down_checksum: str | None = None


class FirstContact(Entry):
    """A tenant in which none of the manifest's tables exist, although others do: how many there are of both."""

    manifest_tables: int
    other_tables: int


class TableSize(Entry):
    """A table as a script names it, with the planner's figures: rows, and bytes with its indexes and TOAST table.

    `rows` is null if the table was never analyzed.
    """

    table: str
    rows: int | None
    bytes: int


class TenantPlan(Entry):
    """What will be done in one tenant: nothing if there is an `obstacle`, and `reason` says why.

    `unreachable_because` is one of a closed set of reasons. `migrations` are those in the rollout's scope, in the
    manifest's order, or newest first if they are reverted; `seeds` are the names of the missing ones. `statements` fix
    drift that running scripts again does not fix. `recreate` are the lost tables and columns that may be created
    again, without what was in them. `dropped` are the tables that a revert removes with their rows, which are null
    where not counted. `first_contact` is a warning: the manifest may not be this tenant's. `tables` are the sizes of
    the tables that the scripts concern. `transaction` says what is committed together. `counts` and `remaining` are the
    row counts and the drift that the audit found, if nothing is to be done.
    """

    name: str
    ring: str
    fingerprint: str | None = None
    obstacle: Verdict | None = None
    reason: str | None = None
    unreachable_because: ConnectFailure | None = None
    migrations: tuple[PlannedMigration, ...] = ()
    seeds: tuple[str, ...] = ()
    statements: tuple[StatementEntry, ...] = ()
    recreate: tuple[str, ...] = ()
    script_fault: ScriptFaultEntry | None = None
    dropped: tuple[CountEntry, ...] = ()
    first_contact: FirstContact | None = None
    tables: tuple[TableSize, ...] = ()
    transaction: TransactionMode = TransactionMode.MIGRATION
    counts: tuple[CountEntry, ...] = ()
    remaining: tuple[DifferenceEntry, ...] = ()

    @property
    def is_all_or_nothing(self) -> bool:
        """Whether everything is committed together."""
        return self.transaction is TransactionMode.TENANT

    @property
    def reverts(self) -> bool:
        """Whether any migration will be reverted."""
        return any(each.action is Action.REVERT for each in self.migrations)

    @property
    def changes(self) -> bool:
        """Whether anything will be written, if only to the ledger."""
        return bool(self.seeds or self.statements) or any(each.action not in IDLE for each in self.migrations)

    @property
    def refused(self) -> tuple[PlannedMigration, ...]:
        """The migrations that cannot run in the tenant."""
        return tuple(each for each in self.migrations if each.action is Action.REFUSE)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do, to refuse, or to skip."""
        return not (self.changes or self.refused or self.obstacle)

    def of(self, version: str) -> PlannedMigration:
        """The plan for that version. Raises KeyError if it is not in the rollout's scope."""
        for each in self.migrations:
            if each.version == version:
                return each
        raise KeyError(version)

    def runs_after(self, version: str) -> frozenset[str]:
        """The versions whose scripts will run after that one."""
        versions = [each.version for each in self.migrations]
        return self.runs & {*versions[versions.index(version) + 1 :]}

    @property
    def versions(self) -> frozenset[str]:
        """All versions in the rollout's scope."""
        return frozenset(each.version for each in self.migrations)

    @property
    def runs(self) -> frozenset[str]:
        """The versions whose scripts will run."""
        return frozenset(each.version for each in self.migrations if each.action in RUNS)


class Scope(Entry):
    """The part of the manifest that a rollout is about: `priority` and more urgent ones; versions to `rerun`.

    Without `migrations` it is only the seeds. `revert_to` is the version after which everything is reverted, or `none`.
    `repair` includes the drift that generated statements fix. `recreate` names lost tables and columns that may be
    created again without what was in them.
    """

    priority: Priority | None = None
    rerun: tuple[str, ...] = ()
    migrations: bool = True
    adopt_through: str | None = None
    revert_to: str | None = None
    repair: bool = False
    recreate: tuple[str, ...] = ()
