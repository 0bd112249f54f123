"""The fleet's values."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgfleet.fleet.secret import Dsn


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One database, or one schema of a database. `home` is the schema that its own objects live in."""

    name: str
    dsn: Dsn
    home: str
    ring: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How an environment wants to be treated. Counts above `exact_count_limit_rows` are the planner's estimates."""

    timezone: str
    rings: tuple[str, ...]
    max_connections_per_server: int
    connect_timeout_seconds: int
    statement_timeout_ms: int
    lock_timeout_ms: int
    exact_count_limit_rows: int
    scratch_dsn: Dsn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The tenants of one environment, with its policy."""

    name: str
    policy: Policy
    tenants: tuple[Tenant, ...]
