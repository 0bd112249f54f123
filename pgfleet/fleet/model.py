"""The fleet's values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from pgfleet.fleet.secret import Dsn, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One database, or one schema of a database. `home` is the schema that its own objects live in.

    `inventory` says which inventory it was found in; None where the fleet file lists it.
    """

    name: str
    dsn: Dsn
    home: str
    ring: str
    labels: Mapping[str, str]
    inventory: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedTenant:
    """A tenant that an inventory knows and that is not worked on, and why; it is in no wave and has no verdict."""

    name: str
    reason: str
    ring: str
    labels: Mapping[str, str]


class InventoryKind(StrEnum):
    """What an inventory looks at."""

    DATABASES = "databases"
    """The databases of a server, each a tenant."""
    SCHEMAS = "schemas"
    """The schemas of one database, each a tenant."""
    QUERY = "query"
    """The rows of a query in a control plane, each a tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Where tenants are found when a run begins: `dsn` is what is asked, and the other keys say what is made of it.

    `key` is its place in the fleet file, `tenant_dsn` the connection string that a tenant's database is put into, where
    that is not `dsn`. `home`, `ring` and `labels` are those of a tenant that has none of its own. A tenant whose state,
    in small letters, is among `skip_states` is skipped.
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

    @property
    def title(self) -> str:
        """What people know it by: `inventory[1] (eu)`, or `inventory` where it has no name."""
        return f"{self.key} ({self.name})" if self.name else self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """A service, and how it is started anew: by a command, or by a POST to a URL."""

    service: str
    command: tuple[Secret, ...] | None
    url: Secret | None
    timeout_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPolicy:
    """How careful a rollout is.

    `failure_budgets` maps a ring to the tenants that may fail in it: a number, or a percentage (`"5%"`) of the ring;
    none where the ring is not named. `soak_seconds` maps a ring to the wait after it. `watch_seconds` is None where
    nothing is watched.
    """

    approval: bool
    approval_timeout_seconds: int
    failure_budgets: Mapping[str, int | str]
    soak_seconds: Mapping[str, float]
    watch_seconds: float | None
    restarts: tuple[Restart, ...]
    idle_in_transaction_timeout_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Differences that are known: patterns of what they are, who answers for them, and the last day they do not count.

    `tenant` and `identity` are names or patterns (`acme-*`); `kind` and `change` are None where any will do.
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
    """How tenants are cut into waves, and where those are run.

    `work_pool` is Prefect's, whose workers run the waves; None where they are run in the process of the run that cut
    them. A wave whose worker sends no heartbeat for `silence_seconds` is run again.
    """

    size_tenants: int = 200
    work_pool: str | None = None
    silence_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPolicy:
    """Where the pages of runs are kept, and the figures for Prometheus; folders as they are written in the fleet file.

    `url` is the address at which `folder` is to be seen in a browser.
    """

    folder: str | None = None
    url: str | None = None
    metrics_folder: str | None = None

    @property
    def is_asked_for(self) -> bool:
        """Whether anything is to be kept."""
        return bool(self.folder or self.metrics_folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How an environment wants to be treated. Counts above `exact_count_limit_rows` are the planner's estimates.

    `row_loss` is what a counted table may lose from one audit to the next: rows, or a percentage (`"10%"`) of them.
    `roles` maps a consumer of a contract to the database role that it logs in as. `connection_share_percent` is of what
    a server has free; `max_workers` is None where the servers of a wave decide how many tenants are worked on at once.
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
    connection_share_percent: int = 50
    max_workers: int | None = None
    waves: WavePolicy = WavePolicy()
    reports: ReportPolicy = ReportPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The tenants of one environment, with its policy.

    Until its `inventories` are read, `tenants` are those that the fleet file lists.
    """

    name: str
    policy: Policy
    tenants: tuple[Tenant, ...]
    inventories: tuple[Inventory, ...] = ()
    skipped: tuple[SkippedTenant, ...] = ()
