"""The environments of `fleet.toml`, and their keys."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from pgfleet.fleet.model import TransactionMode
from pgfleet.fleet.tables import AcceptTable, HazardTable, InventoryTable, RestartTable, Table, TenantTable
from pgfleet.fleet.values import (
    MAX_CONNECTIONS,
    MAX_NUMBER,
    Budget,
    Duration,
    EnvironmentName,
    Folder,
    Line,
    Period,
    Share,
    Silence,
    Text,
    TimeZone,
)
from pgfleet.validation import matching

MAX_WAVE_TENANTS = 200
"""With about 12 task runs per tenant, a wave's graph stays far below Prefect's limit of 10,000 nodes."""


def _form(inventory: object) -> str:
    return "array" if isinstance(inventory, list) else "table"


Inventories = Annotated[
    Annotated[InventoryTable, Tag("table")] | Annotated[list[InventoryTable], Tag("array")], Discriminator(_form)
]


class EnvironmentTable(Table):
    """`[environments.X]`."""

    timezone: TimeZone = "UTC"
    """For dates in reports and for the last day of an acceptance."""
    max_connections_per_server: Annotated[int, Field(ge=1, le=MAX_CONNECTIONS)] = 8
    """Connections to one server (a host and port, socket, or service), over all waves and processes."""
    connection_share: Share = "50%"
    """Share of the server's free connections that a wave may use; at least one connection."""
    max_workers: Annotated[int, Field(ge=1, le=MAX_CONNECTIONS)] | None = None
    """Tenants that a wave processes at the same time. Default: the sum of its servers' connections, at most 64."""
    approval: bool = False
    """Whether a person must approve the plan of a rollout."""
    transaction: Annotated[TransactionMode, Field(strict=False)] = TransactionMode.MIGRATION
    """What is committed together: each migration, or all of a tenant's rollout (`tenant`)."""
    rings: Annotated[list[Line], Field(min_length=1)] = ["main"]
    """Rings in the order in which runs process them."""
    approval_timeout: Duration = 86_400_000
    """How long a rollout waits for the approval."""
    failure_budget: dict[str, Budget] = {}
    """Tenants of a ring that may fail: a number or a share of the ring (`"5%"`). Default: 0."""
    soak: dict[str, Duration] = {}
    """How long to wait after a ring (`{canary = "30min"}`) before pgfleet audits it again and continues."""
    watch: Duration | None = None
    """How long to watch the manifest's `[[watches]]` after a ring."""
    restarts: list[RestartTable] = []
    """Services to restart after a ring in which something changed."""
    connect_timeout: Duration = 10_000
    """How long each host has to answer: whole seconds, at least 2 (libpq's minimum)."""
    lock_timeout: Duration = 2_000
    """How long a statement waits for a lock; later statements queue behind it."""
    statement_timeout: Duration = 300_000
    """How long a statement may run."""
    idle_in_transaction_timeout: Duration = 60_000
    """How long a transaction may do nothing before the server ends its session."""
    full_audit_every: Period = timedelta(days=7)
    """How often an audit reads a tenant's catalog even if its stamp is unchanged: days, or hours (`"12h"`)."""
    exact_count_limit: Annotated[int, Field(ge=0, le=MAX_NUMBER)] = 1_000_000
    """Tables that the planner estimates to be larger are not counted; the estimate is reported."""
    scratch_dsn: Text | None = None
    """Server for scratch databases, in which the manifest is replayed: any database on a server of the tenants' major
    version; the role needs CREATEDB. Default: the tenants' own server.
    """
    rollout_dsn: Text | None = None
    """What differs in a tenant's `dsn` for rollouts, repairs, and seeds: another user, who may change the tables
    (`user=acme_rollout password=${VAR}`), or another address. Audits, plans, and counts use `dsn`. An inventory or a
    tenant may override it.
    """
    pooler: Literal["transaction", "session"] | None = None
    """The mode of the pooler that the tenants' DSNs point to. Default: pgfleet detects a pooler and assumes
    transaction mode. A tenant may override it.
    """
    row_loss: Budget = "10%"
    """Rows that a counted table may lose between two audits: a number or a share of its rows; `"100%"` disables the
    check.
    """
    accept: list[AcceptTable] = []
    """Accepted differences, which do not count."""
    hazards: HazardTable = HazardTable()
    """What a script may not do unless the manifest allows it, and what the plan warns of."""
    roles: dict[Line, Line] = {}
    """The database role of each consumer of the manifest's contracts. Audits try the consumer's statements as that
    role, which must be granted to the auditing role.
    """
    ledger_owners: list[Line] = []
    """Roles whose ledger pgfleet uses, besides a tenant's logins for audits and rollouts and superusers."""
    wave_size: Annotated[int, Field(ge=1, le=MAX_WAVE_TENANTS)] = MAX_WAVE_TENANTS
    """Tenants of a ring in one Prefect flow run, at most 200."""
    distribute: bool = False
    """Whether the workers of a Prefect work pool run the waves, at the same time. Otherwise, this process runs them."""
    work_pool: Annotated[str, matching(r"[^/%&><\x00-\x1f]+", "must be a name without /, %, &, <, and >")] = "pgfleet"
    """The work pool; `deployments/waves.yaml` has its deployments."""
    worker_silence: Silence = 120_000
    """A wave on a worker without a heartbeat for this long counts as lost and runs again; at least `"1min"`."""
    report_dir: Folder | None = None
    """Folder for the page of every audit and rollout, relative to the fleet file."""
    report_url: (
        Annotated[str, matching(r"https?://[^\s?#]+", "must start with https:// or http://, without ? and #")] | None
    ) = None
    """The URL of `report_dir`, for links in Prefect."""
    metrics_dir: Folder | None = None
    """Folder of node exporter's textfile collector, for the metrics of every complete audit."""
    tenants: list[TenantTable] = []
    """The tenants, one by one."""
    inventory: Inventories | None = None
    """Where to find tenants, instead of or in addition to the listed ones; several as `[[environments.X.inventory]]`.
    """

    @model_validator(mode="after")
    def _check_references(self) -> "EnvironmentTable":
        if len(set(self.rings)) < len(self.rings):
            raise ValueError("rings contains a ring twice")
        for key, named in (("failure_budget", self.failure_budget), ("soak", self.soak)):
            for ring in named:
                if ring not in self.rings:
                    raise ValueError(f"{key} names the ring '{ring}', which is not in rings")
        if self.report_url and not self.report_dir:
            raise ValueError("report_url requires report_dir, whose address it is")
        services = [each.service for each in self.restarts]
        if len(set(services)) < len(services):
            raise ValueError("restarts contains a service twice")
        return self


class FleetDocument(Table):
    """The manifest that the tenants are compared with, and the environments."""

    manifest: Text | None = None
    """Path relative to the fleet file, or `example`, the manifest in the package. Default: `manifest.toml` beside the
    fleet file.
    """
    environments: Annotated[dict[EnvironmentName, EnvironmentTable], Field(min_length=1)]
    """The environments; a name consists of lowercase letters, digits, and single dashes."""
