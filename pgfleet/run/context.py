"""What a run knows before it begins with its tenants."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.errors import NoExpectedCatalog, PgfleetError
from pgfleet.fleet.model import Environment, Policy, Tenant
from pgfleet.fleet.selection import ALL_TENANTS, Selection
from pgfleet.manifest.model import Count, Manifest, Migration, Seed
from pgfleet.run.connection_limiter import ConnectionLimiter, Slots

Expectation = ExpectedCatalog | NoExpectedCatalog

LEAST_PATIENCE_SECONDS = 90.0
"""Longer than the slots of a process that was killed take to come back (docs/operations.md, "Connections")."""


class Granularity(StrEnum):
    """How much of a run is a task run of its own."""

    STEP = "step"
    """Every inspection, verification, seed check and count."""
    TENANT = "tenant"
    """A tenant as a whole: for very large fleets."""


class RunContext:
    """The manifest, the environment, and what the survey of its servers found.

    `expectations` says what tenants must hold, by the major version of their server; `silent_servers` why a server
    did not answer, by its name. `run` names the run to the servers, `run_id` is its id in Prefect. `selection` is what
    selected the environment's tenants; `is_partial` says that it left some out. `today` is the date in the
    environment's time zone when the run began, which decides whether an acceptance is in force; by default none is.
    `absent` are tenants that have left the environment since the run began, by name, with the reason. `limiter` limits
    the connections to the servers.

    Deliberately no dataclass: Prefect looks through the fields of those for what a task depends on, each time.
    """

    def __init__(
        self,
        manifest: Manifest,
        environment: Environment,
        *,
        run: str,
        run_id: str = "",
        selection: Selection = ALL_TENANTS,
        is_partial: bool = False,
        today: date = date.max,
        absent: Mapping[str, PgfleetError] | None = None,
        limiter: ConnectionLimiter | None = None,
    ) -> None:
        self.manifest, self.environment, self.run, self.run_id = manifest, environment, run, run_id
        self.selection, self.is_partial, self.today = selection, is_partial, today
        self.absent: Mapping[str, PgfleetError] = absent or {}
        self.expectations: Mapping[int, Expectation] = {}
        self.silent_servers: Mapping[str, PgfleetError] = {}
        self.limiter = limiter or limiter_for(environment.policy)

    def tenant(self, name: str) -> Tenant:
        """The tenant of that name."""
        return next(each for each in self.environment.tenants if each.name == name)

    def migration(self, version: str) -> Migration:
        """The migration of that version."""
        return next(each for each in self.manifest.migrations if each.version == version)

    def seed(self, name: str) -> Seed:
        """The seed of that name."""
        return next(each for each in self.manifest.seeds if each.name == name)

    def count(self, table: str) -> Count:
        """The count of that table."""
        return next(each for each in self.manifest.counts if each.table == table)

    def expected(self, server_major: int) -> ExpectedCatalog:
        """What a tenant on such a server must hold. Raises NoExpectedCatalog."""
        found = self.expectations.get(server_major)
        if isinstance(found, ExpectedCatalog):
            return found
        raise found or NoExpectedCatalog(
            f"no server of PostgreSQL {server_major} answered when the run began; audit the tenant again"
        )


def limiter_for(policy: Policy, slots: Slots | None = None) -> ConnectionLimiter:
    """As many to each server as the policy says, waited for as long as two statements may take."""
    patience_seconds = max(LEAST_PATIENCE_SECONDS, 2 * policy.statement_timeout_ms / 1000)
    return ConnectionLimiter(policy.max_connections_per_server, patience_seconds=patience_seconds, slots=slots)
