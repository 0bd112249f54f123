"""The tables within an environment of `fleet.toml`: tenants, inventories, restarts, hazards, acceptances."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pgfleet.fleet.model import InventoryKind
from pgfleet.fleet.values import (
    Duration,
    HazardName,
    Kind,
    LabelValue,
    Line,
    SchemaName,
    TenantName,
    Text,
)
from pgfleet.parser.statements import query_fault
from pgfleet.validation import matching

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
