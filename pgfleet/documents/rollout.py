"""The rollout document: JSON for other programs. Keys are added, never renamed or removed."""

from datetime import datetime
from enum import StrEnum

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import ManifestEntry, SkippedEntry, Verdict
from pgfleet.documents.entry import Entry, ErrorEntry
from pgfleet.documents.findings import CountEntry, DifferenceEntry
from pgfleet.documents.plan import Action
from pgfleet.documents.repair import TenantRepair
from pgfleet.documents.ring import RingEntry
from pgfleet.documents.rollout_plan import ScriptEntry
from pgfleet.manifest.model import Priority

SCHEMA_VERSION = 2


class Result(StrEnum):
    """The result of a rollout in one tenant, worst first."""

    FAILED = "failed"
    """At least one step failed; unproven changes were rolled back."""
    UNREACHABLE = "unreachable"
    """Could not connect."""
    NOT_REACHED = "not_reached"
    """The rollout halted before it began this tenant."""
    PARTLY_EXERCISED = "partly_exercised"
    """A dry run could not exercise the entire plan; what it exercised succeeded."""
    DONE = "done"
    """The entire plan was carried out."""
    UNCHANGED = "unchanged"
    """Nothing to do."""


SUCCEEDED = frozenset({Result.PARTLY_EXERCISED, Result.DONE, Result.UNCHANGED})


class StepStatus(StrEnum):
    """The status of one migration or seed in one tenant."""

    DONE = "done"
    SKIPPED = "skipped"
    """Nothing to do."""
    FAILED = "failed"
    """Rolled back; outside a transaction, left for the next run to resume."""
    NOT_REACHED = "not_reached"
    """A required migration is not applied, or the connection was lost first."""
    ROLLED_BACK = "rolled_back"
    """Succeeded, and was rolled back with the tenant's transaction because another step failed."""
    NOT_EXERCISED = "not_exercised"
    """A dry run cannot roll it back, or cannot roll back a migration that it requires."""


class MigrationStep(Entry):
    """One migration in one tenant."""

    version: str
    """Its version in the manifest."""
    file: str
    """The name of its script, without folders."""
    priority: Priority
    """Its priority in the manifest."""
    action: Action
    """What the rollout does with it."""
    status: StepStatus
    """`done`; `skipped` (nothing to do); `failed`; `not_reached` (a required migration is not applied, or the
    connection was lost first); `rolled_back` (it succeeded, and another step of the tenant failed, with `transaction =
    "tenant"`); `not_exercised` (a dry run cannot roll it back, or a migration that it requires).
    """
    altered: bool = False
    """The file has changed since the ledger recorded it."""
    duration_ms: int | None = None
    """Of the attempt that counted."""
    detail: str | None = None
    """Why it was not reached or not exercised, or that another run had done it first; of a revert, how many rows it
    deleted with tables that it dropped.
    """
    error: ErrorEntry | None = None
    """Below."""
    residual: tuple[DifferenceEntry, ...] = ()
    """The differences that remained after the script, and for which it was rolled back; as in the audit document, with
    `actual_left_out`.
    """
    along: tuple[str, ...] = ()
    """Later versions whose scripts ran in the same transaction, because this one undoes part of them."""


class SeedStep(Entry):
    """One seed in one tenant; `rows_added` is null where it was not applied."""

    name: str
    status: StepStatus
    """`done`; `skipped` (nothing to do); `failed`; `not_reached` (a required migration is not applied, or the
    connection was lost first); `rolled_back` (it succeeded, and another step of the tenant failed, with `transaction =
    "tenant"`); `not_exercised` (a dry run cannot roll it back, or a migration that it requires).
    """
    rows_added: int | None = None
    duration_ms: int | None = None
    """Of the attempt that counted."""
    detail: str | None = None
    """Why it was not reached or not exercised, or that another run had done it first."""
    error: ErrorEntry | None = None
    """Below."""


class CountPair(Entry):
    """One table's rows before and after; null where they were not counted."""

    table: str
    before: CountEntry | None
    after: CountEntry | None


class TenantResult(Entry):
    """One tenant."""

    name: str
    """The tenant."""
    ring: str
    """Its ring."""
    result: Result
    """`done`, `unchanged` (nothing to do), `partly_exercised` (a dry run could not exercise the entire plan),
    `failed`, `not_reached` (the rollout halted first), `unreachable`.
    """
    obstacle: Verdict | None = None
    """The verdict for which nothing was begun: `unreachable` or `unknown`."""
    reason: str | None = None
    """Why the tenant failed as a whole, was not reached, or is unreachable."""
    unreachable_because: ConnectFailure | None = None
    """Why it is unreachable, from a closed set."""
    error: ErrorEntry | None = None
    """The same as an error."""
    migrations: tuple[MigrationStep, ...] = ()
    """Those in the rollout's scope, in the manifest's order; those to be reverted, newest first."""
    seeds: tuple[SeedStep, ...] = ()
    """Those to apply."""
    counts: tuple[CountPair, ...] = ()
    """`table`, `before`, and `after`; the last two are `table`, `rows`, `exact` as in the audit document, or null if
    nothing was counted.
    """
    repair: TenantRepair | None = None
    """With `--repair`, the statements that were run to fix drift: a tenant of the repair document."""
    remaining: tuple[DifferenceEntry, ...] = ()
    """The differences, without accepted ones, that the tenant still has in its applied migrations; as in the audit
    document, with `actual_left_out`.
    """


class RolloutDocument(Entry):
    """One rollout, dry run, seeding, or revert."""

    schema_version: int = SCHEMA_VERSION
    """2."""
    environment: str
    """The environment's name in the fleet file."""
    run_id: str
    """ID of the flow run in Prefect."""
    plan_digest: str
    """SHA-256 of the plan: environment, manifest, scope, and each tenant's fingerprint and actions."""
    dry_run: bool
    """Whether every change was rolled back."""
    outcome: str
    """How the rollout ended."""
    reason: str | None = None
    """Why it halted or was refused."""
    started_at: datetime
    """When the run began."""
    finished_at: datetime
    """When the run ended."""
    manifest: ManifestEntry
    """As in the audit document."""
    summary: dict[str, int]
    """The number of `tenants`, and how many are `done`, `unchanged`, `failed`, `not_reached`, `unreachable`; in a dry
    run also `partly_exercised`, if there are any; and `skipped`, which are not among `tenants`.
    """
    rings: tuple[RingEntry, ...]
    """In the order of the policy."""
    tenants: tuple[TenantResult, ...]
    """Every selected tenant, ring by ring."""
    skipped: tuple[SkippedEntry, ...] = ()
    """As in the audit document."""
    seeds_alone: bool = False
    """The document of `pgfleet seed`, which runs no migrations."""
    revert_to: str | None = None
    """The document of `pgfleet revert`: the version to go back to, or `none`."""
    adopt_through: str | None = None
    """The document of `pgfleet adopt`: the last version to record."""
    scripts: tuple[ScriptEntry, ...] = ()
    """The distinct scripts of the plan."""

    @property
    def what(self) -> str:
        """`rollout`, `seed`, `revert`, or `adoption`, or the dry run of one: `dry run`, `seed dry run` …"""
        kind = "rollout"
        if self.revert_to:
            kind = "revert"
        elif self.adopt_through:
            kind = "adoption"
        elif self.seeds_alone:
            kind = "seed"
        return f"{kind} dry run".removeprefix("rollout ") if self.dry_run else kind
