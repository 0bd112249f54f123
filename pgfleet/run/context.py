"""The state that a run's steps share, loaded before the first tenant."""

from collections.abc import Hashable, Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.login_rights import LoginRights
from pgfleet.errors import NoExpectedCatalog, PgfleetError
from pgfleet.fleet.model import Environment, Policy, Tenant
from pgfleet.judge.unchanged import EarlierInspection
from pgfleet.manifest.extensions import extensions_of
from pgfleet.manifest.home_schema import creates_schema, may_name, replay_home, words_of
from pgfleet.manifest.model import Count, Manifest, Migration, Seed
from pgfleet.manifest.order import Order, order_of
from pgfleet.run.connection_limiter import ConnectionLimiter, Leases
from pgfleet.run.silent_servers import SilentServers

if TYPE_CHECKING:
    from pgfleet.judge.assessment import Assessment

Expectation = ExpectedCatalog | NoExpectedCatalog


class Replay(NamedTuple):
    """What an expected catalog depends on besides the manifest."""

    server_major: int
    home: str
    """The name of the home schema in the replay."""


SHORTEST_TIMEOUT_SECONDS = 90.0
"""For a connection of this process, even if statements must be short."""


class Granularity(StrEnum):
    """Which parts of a run are separate task runs."""

    AUTO = "auto"
    """Steps that do something, and all steps of tenants that are not as expected; other tenants share task runs."""
    STEP = "step"
    """Every inspection, verification, seed check, and count."""
    TENANT = "tenant"
    """Every tenant, and no steps."""


class RunContext:
    """The manifest, the environment, and the results of the survey of its servers.

    `expectations` are the expected catalogs by replay; `silent_servers` are the errors of servers that did not answer,
    by name. `earlier` are the inspections of earlier runs that may still hold, by tenant; None: no stamps. `inspected`
    are those of tenants that this run has changed. `assessments` are those of tenants with known fingerprints, by what
    they depend on. `login_rights` are those of the logins that the tenants' inspections examined. `run` is the run's
    name on the servers, `run_id` its ID in Prefect. `is_partial` means that the selection excluded some tenants.
    `today` is the date in the environment's time zone at the start of the run, which decides which acceptances are in
    force; by default, none is. `absent` are tenants that have disappeared since the run started, by name, with the
    reason. `limiter` bounds the connections to every server. `silences` are the servers that have not answered, in any
    wave of the run.

    Not a dataclass, because Prefect searches the fields of dataclasses for task dependencies on every call.
    """

    def __init__(
        self,
        manifest: Manifest,
        environment: Environment,
        *,
        run: str,
        run_id: str = "",
        is_partial: bool = False,
        today: date = date.max,
        absent: Mapping[str, PgfleetError] | None = None,
        limiter: ConnectionLimiter | None = None,
        silences: SilentServers | None = None,
    ) -> None:
        self.manifest, self.environment, self.run, self.run_id = manifest, environment, run, run_id
        self.is_partial, self.today = is_partial, today
        self.absent: Mapping[str, PgfleetError] = absent or {}
        self.expectations: Mapping[Replay, Expectation] = {}
        self.silent_servers: Mapping[str, PgfleetError] = {}
        self.earlier: Mapping[str, EarlierInspection] | None = None
        self.inspected: dict[str, EarlierInspection] = {}
        self.assessments: dict[Hashable, Assessment] = {}
        self.login_rights: dict[tuple[str, ...], tuple[LoginRights, ...]] = {}
        self.limiter = limiter or limiter_for(environment.policy)
        self.silences = silences or SilentServers()

    @cached_property
    def order(self) -> Order:
        """How the manifest's migrations depend on each other."""
        return order_of(self.manifest.migrations, is_linear=self.manifest.is_linear)

    @cached_property
    def extensions(self) -> tuple[str, ...]:
        """The names of the extensions that the manifest's scripts create."""
        return extensions_of(self.manifest.migrations)

    def tenant(self, name: str) -> Tenant:
        """The tenant with this name."""
        return next(each for each in self.environment.tenants if each.name == name)

    def migration(self, version: str) -> Migration:
        """The migration with this version."""
        return next(each for each in self.manifest.migrations if each.version == version)

    def seed(self, name: str) -> Seed:
        """The seed with this name."""
        return next(each for each in self.manifest.seeds if each.name == name)

    def count(self, table: str) -> Count:
        """The count of this table."""
        return next(each for each in self.manifest.counts if each.table == table)

    @cached_property
    def _words(self) -> frozenset[str]:
        return words_of(self.manifest)

    def replay(self, server_major: int, home: str) -> Replay:
        """The replay for tenants with this home schema, on a server of this major version."""
        return Replay(server_major, replay_home(home, self._words))

    def creates_schema(self, home: str) -> bool:
        """Whether the manifest creates this home schema."""
        return may_name(self._words, home) and creates_schema(self.manifest.migrations, home)

    def expected(self, server_major: int, home: str) -> ExpectedCatalog:
        """The expected catalog for tenants with this home schema, on a server of this major version.

        Raises NoExpectedCatalog.
        """
        found = self.expectations.get(self.replay(server_major, home))
        if isinstance(found, ExpectedCatalog):
            return found
        raise found or NoExpectedCatalog(
            f"no PostgreSQL {server_major} server answered when the run started; audit the tenant again"
        )


def limiter_for(policy: Policy, leases: Leases | None = None) -> ConnectionLimiter:
    """A limiter with the policy's limit per server, which waits for as long as two statements may take."""
    timeout_seconds = max(SHORTEST_TIMEOUT_SECONDS, 2 * policy.statement_timeout_ms / 1000)
    return ConnectionLimiter(policy.max_connections_per_server, timeout_seconds=timeout_seconds, leases=leases)
