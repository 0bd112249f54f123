"""The tables and keys of `fleet.toml`."""

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from pgfleet.fleet.model import InventoryKind, TransactionMode
from pgfleet.fleet.values import (
    MAX_CONNECTIONS,
    MAX_NUMBER,
    Budget,
    Duration,
    EnvironmentName,
    Folder,
    HazardName,
    Kind,
    LabelValue,
    Line,
    Period,
    SchemaName,
    Share,
    Silence,
    TenantName,
    Text,
    TimeZone,
)
from pgfleet.manifest.statements import query_fault
from pgfleet.validation import matching

MAX_WAVE_TENANTS = 200
"""With about 12 task runs per tenant, a wave's graph stays far below Prefect's limit of 10,000 nodes."""


SKIP_STATES = ("suspended", "provisioning", "deprovisioning", "archived", "deleted")
"""The states of a control plane's tenants that are skipped by default."""
ONLY_FOR: dict[InventoryKind, set[str]] = {
    InventoryKind.DATABASES: {"like", "regex", "schema_"},
    InventoryKind.SCHEMAS: {"like", "regex"},
    InventoryKind.QUERY: {"query", "schema_", "skip_states"},
}
"""The keys of an inventory that only some kinds support."""


class Table(BaseModel):
    """A TOML table: rejects unknown keys, does not coerce values."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TenantTable(Table):
    """`[[environments.X.tenants]]`."""

    name: TenantName
    """Unique in the environment."""
    dsn: Text
    """Libpq connection string: a URL or key=value pairs, with variables."""
    rollout_dsn: Text | None = None
    """What differs in it for rollouts."""
    schema_: Annotated[SchemaName, Field(alias="schema")] = "public"
    """The home schema; pgfleet does not create it."""
    ring: Line | None = None
    """Default: the last ring."""
    pooler: Literal["transaction", "session"] | None = None
    """The mode of the pooler that `dsn` points to."""
    labels: dict[Line, LabelValue] = {}
    """Free text, which `pgfleet tenants` shows and `--label region=eu` selects."""


class InventoryTable(Table):
    """`[environments.X.inventory]`, or one of several `[[environments.X.inventory]]`: a source of tenants."""

    kind: Literal["databases", "schemas", "query"]
    """Databases of the server of `dsn`, schemas of the database of `dsn`, or the rows of a SELECT in a control-plane
    database.
    """
    name: TenantName | None = None
    """Identifies one of several inventories in messages."""
    dsn: Text
    """The database that is queried."""
    tenant_dsn: Text | None = None
    """DSN of the tenants; pgfleet inserts the database's name. Default: `dsn`."""
    rollout_dsn: Text | None = None
    """What differs in it for rollouts. Default: the environment's."""
    like: Text | None = None
    """Which databases or schemas: `"tenant_%"`. Either this or `regex`."""
    regex: Text | None = None
    """Which databases or schemas: `"^tenant_[0-9]+$"`."""
    query: Text | None = None
    """Returns `name`, and `dsn` (which may contain `${VAR}`) or `dbname` or `schema`. Optional columns: `rollout_dsn`,
    `ring`, `state`, `labels` (a JSON object). Every other column is a label.
    """
    schema_: Annotated[SchemaName, Field(alias="schema")] = "public"
    """The home schema of its tenants."""
    ring: Line | None = None
    """Ring of tenants without one. Default: the last ring."""
    labels: dict[Line, LabelValue] = {}
    """Labels of every tenant; a row's own labels take precedence."""
    skip_states: list[Line] = list(SKIP_STATES)
    """For a query: states of tenants that runs skip and report as skipped; case-insensitive."""

    @model_validator(mode="after")
    def _check_keys(self) -> "InventoryTable":
        kind = InventoryKind(self.kind)
        for key in sorted(self.model_fields_set & set().union(*ONLY_FOR.values()) - ONLY_FOR[kind]):
            raise ValueError(f'an inventory of kind "{kind}" has no key {key.rstrip("_")}')
        if kind is InventoryKind.QUERY:
            self._check_query()
        elif (self.like is None) == (self.regex is None):
            raise ValueError('needs either like ("tenant_%") or regex ("^tenant_[0-9]+$")')
        return self

    def _check_query(self) -> None:
        fault = query_fault(self.query) if self.query else "is missing"
        if fault:
            raise ValueError(f"query {fault}")


class RestartTable(Table):
    """`[[environments.X.restarts]]`: a service that reads the schema at startup, and how to restart it."""

    service: Line
    """Unique name, for reports."""
    command: Annotated[list[Text], Field(min_length=1)] | None = None
    """A list of arguments; either this or `url`. `${VAR}` as in a DSN."""
    url: Annotated[str, matching(r"(?s)(https?://|\$\{)[^\0]*", "must start with https:// or http://")] | None = None
    """Receives a POST."""
    timeout: Duration = 60_000
    """How long the restart may take."""

    @model_validator(mode="after")
    def _check_action(self) -> "RestartTable":
        if (self.command is None) == (self.url is None):
            raise ValueError("needs either command (a list of arguments) or url (to which pgfleet sends a POST)")
        return self


class HazardTable(Table):
    """`[environments.X.hazards]`: the hazards that stop a rollout, and those that its plan warns of."""

    deny: list[HazardName] | None = None
    """Codes of hazards that stop a rollout. Default: `["DELETES_DATA"]`."""
    warn: list[HazardName] | None = None
    """Codes of hazards that the plan warns of."""


class AcceptTable(Table):
    """`[[environments.X.accept]]`: differences that are accepted through the day `until`."""

    tenant: Line
    """Name or pattern: `acme-*`."""
    kind: Kind | None = None
    """Kind of object, such as `index`."""
    identity: Text
    """Identity or pattern: `public.idx_*`."""
    change: Literal["missing", "changed"] | None = None
    """Only this change."""
    owner: Line
    """Who answers for it."""
    reason: Line
    """Why it is accepted."""
    until: date
    """The last day."""


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
