"""The fleet's values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pgfleet.fleet.secret import Dsn, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One database, or one schema of a database. `home` is the schema that its own objects live in."""

    name: str
    dsn: Dsn
    home: str
    ring: str
    labels: Mapping[str, str]


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
    them. A wave that a worker has begun and gives no sign of life for `silence_seconds` is taken for lost.
    """

    size_tenants: int = 200
    work_pool: str | None = None
    silence_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How an environment wants to be treated. Counts above `exact_count_limit_rows` are the planner's estimates.

    `row_loss` is what a counted table may lose from one audit to the next: rows, or a percentage (`"10%"`) of them.
    `roles` maps a consumer of a contract to the database role that it logs in as.
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
    waves: WavePolicy = WavePolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The tenants of one environment, with its policy."""

    name: str
    policy: Policy
    tenants: tuple[Tenant, ...]
