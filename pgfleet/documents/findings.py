"""What an audit found in a tenant, as entries of its document: migrations, seeds, contracts, counts."""

from datetime import datetime
from enum import StrEnum

from pgfleet.documents.audit_context import AcceptedEntry
from pgfleet.documents.entry import Entry
from pgfleet.hazards.codes import HazardCode
from pgfleet.manifest.model import Priority
from pgfleet.repair.model import Strategy


class MigrationStatus(StrEnum):
    """The state of one migration in one tenant."""

    APPLIED = "applied"
    """All of its objects are as expected."""
    PENDING = "pending"
    """None of its objects exist, and the ledger does not contain it."""
    DRIFTED = "drifted"
    """Some of its objects are missing or changed, or the ledger contains it but its objects do not exist."""
    UNKNOWN = "unknown"
    """No problem was found, but a check could not be completed."""


class SeedStatus(StrEnum):
    """The state of one seed in one tenant."""

    PRESENT = "present"
    MISSING = "missing"
    CUSTOMIZED = "customised"
    """A baseline row was edited, which is not a problem."""
    UNKNOWN = "unknown"


class LedgerState(StrEnum):
    """The state of one migration in a tenant's ledger."""

    STARTED = "started"
    """It runs outside a transaction and was started; whether it finished is unknown."""
    APPLIED = "applied"
    """A rollout applied it."""
    ADOPTED = "adopted"
    """It was applied before the ledger was created."""


class Evidence(StrEnum):
    """What decides whether a migration is applied in a tenant."""

    LEDGER = "ledger"
    """A row of pgfleet's own ledger."""
    TOOL = "tool"
    """The ledger of the migration tool that the manifest names."""
    CATALOG = "catalog"
    """The state of the objects that the migration creates, changes, or drops."""
    CHECK = "check"
    """The answers to the migration's checks."""
    ORDER = "order"
    """Another migration that requires it, or that it requires."""
    NONE = "none"
    """Nothing decides: the migration leaves no trace in the catalog."""


class RepairEntry(Entry):
    """How to fix a difference: `way` is rerun (of `version`), sql (the statements), or by hand (with the reason)."""

    way: Strategy
    """`rerun`: running the migration is proven to fix it (or it never ran); `sql`: the statements fix it; `by hand`: a
    person must fix it.
    """
    version: str | None = None
    """For a rerun: the migration; for a lost table or column: the migration that would create it empty, with `pgfleet
    rollout --recreate NAME`.
    """
    statements: tuple[str, ...] = ()
    """In order, to be run with the tenant's home schema as `search_path`. Empty for `sql` if another difference's
    statements fix it, as `reason` says. For a lost column: what `pgfleet rollout --repair --recreate NAME` would run.
    """
    hazards: tuple[str, ...] = ()
    """Effects on a table in use: `takes ACCESS EXCLUSIVE`, `blocks writes`, `rewrites the table`, `reads the whole
    table`, `may fail on existing rows`, `loses what was granted on it`, `changes what rows hold`, `fails while other
    objects depend on it`.
    """
    hazard_codes: tuple[HazardCode, ...] = ()
    """The same as codes."""
    reason: str | None = None
    """Why a person must fix it, or which other fix includes it."""


class DifferenceEntry(Entry):
    """One missing or changed object and its repair."""

    kind: str
    """Schema, extension, type, function, sequence, table, column, constraint, index, view, trigger, policy, privilege.
    """
    identity: str
    """Schema-qualified: `public.ai_conversations.summary` (column), `public.ai_conversations.trg_…` (trigger or
    constraint), `public.idx_…` (index), `name(arguments)` (function). Schemas and extensions have only a name.
    """
    change: str
    """`missing` or `changed`."""
    expected: str | None
    """The definition as the server writes it; it may end in a remark, such as `(INVALID: no query uses it)`. Its text
    may vary with the major version.
    """
    actual: str | None
    """The same for the tenant's object; null if it is missing."""
    repair: RepairEntry | None = None
    """How to fix it."""
    accepted: AcceptedEntry | None = None
    """`owner`, `reason`, and `until` of the acceptance in force."""
    since: datetime | None = None
    """End of the first audit that reported it."""
    shared: bool = False
    """The object is outside of the home schema, or is a schema or an extension, so all tenants of the database share
    it.
    """
    actual_left_out: int = 0
    """At least how many characters of `actual` were left out; it has at most 20,000."""


class UnexpectedEntry(Entry):
    """One object on a managed table or in a managed schema that is not in the manifest; the other keys as above."""

    kind: str
    identity: str
    actual: str
    shared: bool = False
    actual_left_out: int = 0


class CheckEntry(Entry):
    """One check; `passed` is null if it could not be completed, and `detail` says why."""

    name: str
    passed: bool | None
    detail: str | None = None


class MigrationEntry(Entry):
    """One migration in one tenant."""

    version: str
    """Its version in the manifest."""
    file: str
    """The name of its script, without folders."""
    priority: Priority
    """Its priority in the manifest."""
    status: MigrationStatus
    """Its status in this tenant."""
    evidence: Evidence = Evidence.CATALOG
    """What decides whether the migration is applied: `ledger`, `catalog`, `check`, `order` (of the migrations),
    `none`.
    """
    differences: tuple[DifferenceEntry, ...] = ()
    """Objects that differ from what this migration should have left; objects of a missing table are omitted."""
    checks: tuple[CheckEntry, ...] = ()
    """`name`; `passed`: true, false, or null without an answer; `detail`: why not, or null."""
    ledger: LedgerState | None = None
    """`applied`, `adopted`, `started` (a migration without a transaction that was not finished); null if the ledger
    has no row.
    """
    in_tool_ledger: bool | None = None
    """The migration tool's ledger records it; null if the manifest names no ledger, or the tenant has none."""
    altered: bool = False
    """The file has changed since the ledger recorded it."""
    accepted: bool = False
    """The migration is not applied, but all of its differences are accepted, so it does not affect the verdict;
    failing checks are attributed to the differences.
    """
    since: datetime | None = None
    """For a pending or drifted migration: end of the first audit that reported it."""


class SeedEntry(Entry):
    """One seed in one tenant."""

    name: str
    status: SeedStatus
    detail: str | None = None


class CountEntry(Entry):
    """One table's rows: null if the table does not exist or cannot be read; an estimate if `exact` is false."""

    table: str
    rows: int | None
    exact: bool


class StatementFailureEntry(Entry):
    """A statement that would fail; `statement` is null if the consumer's role does not exist."""

    statement: str | None
    message: str
    sqlstate: str


class ContractEntry(Entry):
    """One consumer's statements; `works` is null if not all could be checked, and `detail` says why."""

    consumer: str
    """As in the manifest."""
    priority: Priority
    """As in the manifest."""
    role: str | None
    """The role; null if none is configured: then privileges are not checked."""
    works: bool | None
    """False if a statement would not work; null if none is known to fail, but not all could be tried."""
    inherited: bool
    """The tenant's managed objects are as expected, so the result of the scratch database applies, and the statements
    were not tried in the tenant. Never with a role.
    """
    failures: tuple[StatementFailureEntry, ...] = ()
    """`statement`: its name, or null if the role does not exist; `message`; `sqlstate`."""
    detail: str | None = None
    """What could not be tried, and why."""
    since: datetime | None = None
    """For a broken contract: end of the first audit that reported it."""
