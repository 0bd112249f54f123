"""From the rows of an inventory to tenants."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment, Inventory, InventoryKind, SkippedTenant, Tenant
from pgfleet.fleet.secret import Dsn
from pgfleet.fleet.templates import Values, describe_unresolved, substitute
from pgfleet.fleet.values import MAX_TENANT_CHARACTERS, schema_fault, tenant_name_fault
from pgfleet.hidden_characters import show_hidden

OWN_COLUMNS = frozenset({"name", "dsn", "rollout_dsn", "dbname", "schema", "ring", "state", "labels"})
"""The columns of a query with a meaning; every other column is a label."""
SECRET = re.compile(r"pass(word|wd|phrase)|secret|token|credential|(^|_)pw(d|$)|api_?key", re.IGNORECASE)
"""Matches names of columns that may contain secrets and are therefore not labels."""

WithDatabase = Callable[[Dsn, str], Dsn]
"""Returns the connection string with another database."""
Found = tuple[tuple[Tenant, ...], tuple[SkippedTenant, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRow:
    """One tenant in an inventory; `dsn` and `rollout_dsn` may contain references."""

    name: str
    dsn: str | None = field(default=None, repr=False)
    rollout_dsn: str | None = field(default=None, repr=False)
    dbname: str | None = None
    schema: str | None = None
    ring: str | None = None
    state: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def read_record(name: str | None, record: Mapping[str, Any]) -> InventoryRow:
    """A row of a query, from its column `name` as text and all its columns as JSON. Raises ValueError."""
    if name is None:
        raise ValueError("returns a row without a name")
    labels = record.get("labels") or {}
    if not isinstance(labels, dict):
        message = f"tenant '{name}': labels is not a JSON object"
        raise ValueError(message)  # noqa: TRY004 (the data is wrong, not the program)
    own = {key: _text(record.get(key)) for key in OWN_COLUMNS - {"name", "labels"}}
    further = {key: value for key, value in record.items() if key not in OWN_COLUMNS and not SECRET.search(key)}
    texts = {key: _text(value) for key, value in {**further, **labels}.items()}
    return InventoryRow(name=name, **own, labels={key: value for key, value in texts.items() if value is not None})


class TenantBuilder:
    """Builds tenants from the rows of one inventory; `at_database` sets the database of a connection string.

    Raises FleetError for the first invalid row.
    """

    def __init__(
        self, inventory: Inventory, environment: Environment, values: Values, at_database: WithDatabase, *, file: str
    ) -> None:
        self.inventory, self.environment, self.values = inventory, environment, values
        self.at_database, self.file = at_database, file

    def tenants(self, rows: Iterable[InventoryRow]) -> Found:
        """The tenants and the skipped tenants of the rows, in row order."""
        tenants: list[Tenant] = []
        skipped: list[SkippedTenant] = []
        for row in rows:
            if fault := tenant_name_fault(row.name):
                skipped.append(self._misnamed(row, fault))
            elif row.state and row.state.casefold() in self.inventory.skip_states:
                skipped.append(self._skipped(row))
            else:
                tenants.append(self._tenant(row))
        return tuple(tenants), tuple(skipped)

    def error(self, problem: str) -> FleetError:
        """The error for a problem of this inventory, with its place in the fleet file."""
        return FleetError(self.file, f"environments.{self.environment.name}.{self.inventory.title}", problem)

    def _skipped(self, row: InventoryRow) -> SkippedTenant:
        reason = f"its state is {' '.join((row.state or '').split())}"
        ring = row.ring or self.inventory.ring
        return SkippedTenant(name=row.name, reason=reason, ring=ring, labels=self._labels(row))

    def _misnamed(self, row: InventoryRow, fault: str) -> SkippedTenant:
        """A database or schema, which its owner may have named, is skipped. Raises FleetError for a row of a query."""
        if self.inventory.kind is InventoryKind.QUERY:
            raise self.error(f"{row.name[:MAX_TENANT_CHARACTERS]!r} is not a tenant name: it {fault}")
        name = show_hidden(row.name)[:MAX_TENANT_CHARACTERS]
        return SkippedTenant(name=name, reason=f"its name {fault}", ring=self.inventory.ring, labels=self._labels(row))

    def _tenant(self, row: InventoryRow) -> Tenant:
        rings = self.environment.policy.rings
        if row.ring and row.ring not in rings:
            raise self.error(f"tenant '{row.name}': ring '{row.ring}' is not in rings: {', '.join(rings)}")
        if row.schema and (fault := schema_fault(row.schema)):
            raise self.error(f"tenant '{row.name}': schema {fault}")
        return Tenant(
            name=row.name,
            dsn=self._dsn(row),
            rollout_dsn=self._resolved(row, "rollout_dsn") or self.inventory.rollout_dsn,
            home=row.schema or self.inventory.home,
            ring=row.ring or self.inventory.ring,
            labels=self._labels(row),
            inventory=self.inventory.title,
        )

    def _dsn(self, row: InventoryRow) -> Dsn:
        base = self.inventory.tenant_dsn or self.inventory.dsn
        if own := self._resolved(row, "dsn"):
            base = replace(own, pooler=base.pooler)
        elif not (row.dbname or row.schema):
            raise self.error(f"tenant '{row.name}' needs a dsn, a dbname, or a schema")
        return self.at_database(base, row.dbname) if row.dbname and not row.dsn else base

    def _resolved(self, row: InventoryRow, key: str) -> Dsn | None:
        """The row's own connection string under this key, if any."""
        try:
            return substitute(text, self.values) if (text := getattr(row, key)) else None
        except KeyError as error:
            raise self.error(f"tenant '{row.name}': {key}: {describe_unresolved(error)}") from None

    def _labels(self, row: InventoryRow) -> Mapping[str, str]:
        return {**self.inventory.labels, **row.labels}


def add_inventory_tenants(environment: Environment, found: Sequence[Found], *, file: str) -> Environment:
    """The environment with the tenants of its inventories after those that the fleet file lists.

    Raises FleetError for a duplicate tenant.
    """
    tenants = (*environment.tenants, *(each for some, _ in found for each in some))
    _check_duplicates(environment, tenants, file)
    return replace(environment, tenants=tenants, skipped=tuple(each for _, some in found for each in some))


def _check_duplicates(environment: Environment, tenants: Sequence[Tenant], file: str) -> None:
    first: dict[str, Tenant] = {}
    for tenant in tenants:
        if tenant.name in first:
            known = first[tenant.name].inventory or "the listed tenants"
            problem = f"tenant '{tenant.name}' is already in {known}"
            problem = f"contains tenant '{tenant.name}' twice" if known == tenant.inventory else problem
            raise FleetError(file, f"environments.{environment.name}.{tenant.inventory}", problem)
        first[tenant.name] = tenant


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
