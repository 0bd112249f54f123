"""The values of a fleet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from pgfleet.fleet.secret import Dsn, Secret
from pgfleet.hazards.codes import HazardCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One database, or one schema of a database. `home` is the schema of the tenant's own objects.

    `rollout_dsn` is what differs in the connection string for rollouts, None if nothing does; `audit_dsn` is the one
    for audits where `dsn` is the one for rollouts. `inventory` is the inventory that contains the tenant; None if the
    fleet file lists it.
    """

    name: str
    dsn: Dsn
    home: str
    ring: str
    labels: Mapping[str, str]
    inventory: str | None = None
    rollout_dsn: Dsn | None = None
    audit_dsn: Dsn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedTenant:
    """A tenant of an inventory that is in no wave and gets no verdict, with the reason."""

    name: str
    reason: str
    ring: str
    labels: Mapping[str, str]


class InventoryKind(StrEnum):
    """The kinds of inventories."""

    DATABASES = "databases"
    """Every matching database of a server is a tenant."""
    SCHEMAS = "schemas"
    """Every matching schema of a database is a tenant."""
    QUERY = "query"
    """Every row of a query in a control plane is a tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A source of tenants, read when a run starts: `dsn` is the connection to query.

    `key` is its place in the fleet file. `tenant_dsn` is the connection string of the tenants' databases, if it is not
    `dsn`; `rollout_dsn` is what differs in it for rollouts. `home`, `ring`, and `labels` are defaults for tenants. A
    tenant whose lowercase state is in `skip_states` is skipped.
    """

    key: str
    name: str | None
    kind: InventoryKind
    dsn: Dsn
    tenant_dsn: Dsn | None
    like: str | None
    regex: str | None
    query: str | None
    home: str
    ring: str
    labels: Mapping[str, str]
    skip_states: frozenset[str]
    rollout_dsn: Dsn | None = None

    @property
    def title(self) -> str:
        """The inventory in messages: `inventory[1] (eu)`, or `inventory` if it has no name."""
        return f"{self.key} ({self.name})" if self.name else self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """A service and how to restart it: a command, or a POST to a URL."""

    service: str
    command: tuple[Secret, ...] | None
    url: Secret | None
    timeout_seconds: float


class TransactionMode(StrEnum):
    """What a rollout commits together in a tenant."""

    MIGRATION = "migration"
    """Each migration."""
    TENANT = "tenant"
    """Everything: all of it is done, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardPolicy:
    """The hazards that stop a rollout unless the manifest allows them, and those that its plan warns of."""

    deny: frozenset[HazardCode] = frozenset({HazardCode.DELETES_DATA})
    warn: frozenset[HazardCode] = frozenset(
        {HazardCode.OVERWRITES_DATA, HazardCode.DYNAMIC_SQL, HazardCode.REWRITES_TABLE, HazardCode.CASCADES}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPolicy:
    """The safety settings of rollouts.

    `failure_budgets` maps a ring to the number of tenants that may fail, or a percentage (`"5%"`) of the ring; the
    default is 0. `soak_seconds` maps a ring to the wait after it. `watch_seconds` is None if nothing is watched.
    """

    approval: bool
    approval_timeout_seconds: int
    failure_budgets: Mapping[str, int | str]
    soak_seconds: Mapping[str, float]
    watch_seconds: float | None
    restarts: tuple[Restart, ...]
    idle_in_transaction_timeout_ms: int
    hazards: HazardPolicy = HazardPolicy()
    transaction: TransactionMode = TransactionMode.MIGRATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Accepted differences: patterns that match them, their owner, the reason, and the last day of the acceptance.

    `tenant` and `identity` are names or patterns (`acme-*`); `kind` and `change` are None to match any.
    """

    tenant: str
    kind: str | None
    identity: str
    change: str | None
    owner: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class WavePolicy:
    """How tenants are split into waves, and where the waves run.

    `work_pool` is the Prefect work pool whose workers run the waves; None to run them in this process. A wave whose
    worker sends no heartbeat for `silence_seconds` is run again.
    """

    size_tenants: int = 200
    work_pool: str | None = None
    silence_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPolicy:
    """The folders of report pages and of Prometheus metrics, as written in the fleet file.

    `url` is the address of `folder` in a browser.
    """

    folder: str | None = None
    url: str | None = None
    metrics_folder: str | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether any report is written."""
        return bool(self.folder or self.metrics_folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The settings of an environment. Row counts above `exact_count_limit_rows` are the planner's estimates.

    `row_loss` is what a counted table may lose between audits: rows, or a percentage (`"10%"`). `roles` maps a
    contract's consumer to its database role. `ledger_owners` are the roles whose ledger is used, besides the logins of
    a tenant and superusers. `connection_share_percent` is the share of a server's free connections that pgfleet may
    use. `max_workers` is None if the servers' connections determine the number of threads. A tenant's catalog is read
    at least `full_audit_every`, even if it is unchanged.
    """

    timezone: str
    rings: tuple[str, ...]
    max_connections_per_server: int
    connect_timeout_seconds: int
    statement_timeout_ms: int
    lock_timeout_ms: int
    exact_count_limit_rows: int
    scratch_dsn: Dsn | None
    rollout: RolloutPolicy
    row_loss: int | str = "10%"
    acceptances: tuple[Acceptance, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    ledger_owners: tuple[str, ...] = ()
    connection_share_percent: int = 50
    max_workers: int | None = None
    waves: WavePolicy = WavePolicy()
    reports: ReportPolicy = ReportPolicy()
    full_audit_every: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment: its policy and its tenants.

    Until the `inventories` are read, `tenants` are only those that the fleet file lists.
    """

    name: str
    policy: Policy
    tenants: tuple[Tenant, ...]
    inventories: tuple[Inventory, ...] = ()
    skipped: tuple[SkippedTenant, ...] = ()
