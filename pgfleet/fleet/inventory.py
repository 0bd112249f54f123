"""From what an inventory says to tenants, or one line that says why not."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment, Inventory, SkippedTenant, Tenant
from pgfleet.fleet.names import schema_fault
from pgfleet.fleet.secret import Dsn
from pgfleet.fleet.templates import Values, problem_of, substitute

OWN_COLUMNS = frozenset({"name", "dsn", "dbname", "schema", "ring", "state", "labels"})
"""The columns of a query that mean something; every other one is a label."""
SECRET = re.compile(r"pass(word|wd|phrase)|secret|token|credential|(^|_)pw(d|$)|api_?key", re.IGNORECASE)
"""In a column's name: what it holds is shown to nobody."""
NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")

DatabaseChoice = Callable[[Dsn, str], Dsn]
"""The same server and role, another database."""
Found = tuple[tuple[Tenant, ...], tuple[SkippedTenant, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRow:
    """What an inventory says of one tenant; `dsn` may hold references."""

    name: str
    dsn: str | None = field(default=None, repr=False)
    dbname: str | None = None
    schema: str | None = None
    ring: str | None = None
    state: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def read_record(name: str | None, record: Mapping[str, Any]) -> InventoryRow:
    """A row of a query: its column `name` as text, and all its columns as JSON. Raises ValueError."""
    if name is None:
        message = "returns a row without a name"
        raise ValueError(message)
    labels = record.get("labels") or {}
    if not isinstance(labels, dict):
        message = f"tenant '{name}': labels is no JSON object"
        raise ValueError(message)  # noqa: TRY004 (it is what was read that is wrong)
    own = {key: _text(record.get(key)) for key in OWN_COLUMNS - {"name", "labels"}}
    further = {key: value for key, value in record.items() if key not in OWN_COLUMNS and not SECRET.search(key)}
    told = {key: _text(value) for key, value in {**further, **labels}.items()}
    return InventoryRow(name=name, **own, labels={key: value for key, value in told.items() if value is not None})


class Reading:
    """Makes tenants of one inventory's rows; holds what every error must name.

    `at_database` puts a database's name into a connection string. Raises FleetError for the first row of which no
    tenant can be made.
    """

    def __init__(
        self, inventory: Inventory, environment: Environment, values: Values, at_database: DatabaseChoice, *, file: str
    ) -> None:
        self.inventory, self.environment, self.values = inventory, environment, values
        self.at_database, self.file = at_database, file

    def tenants(self, rows: Iterable[InventoryRow]) -> Found:
        """The tenants of the rows, and those that are skipped, each in the rows' order."""
        tenants: list[Tenant] = []
        skipped: list[SkippedTenant] = []
        for row in rows:
            self._refuse_name(row)
            if row.state and row.state.casefold() in self.inventory.skip_states:
                skipped.append(self._skipped(row))
            else:
                tenants.append(self._tenant(row))
        return tuple(tenants), tuple(skipped)

    def error(self, problem: str) -> FleetError:
        """What is wrong with this inventory, with its place in the fleet file."""
        return FleetError(self.file, f"environments.{self.environment.name}.{self.inventory.title}", problem)

    def _skipped(self, row: InventoryRow) -> SkippedTenant:
        reason = f"its state is {' '.join((row.state or '').split())}"
        ring = row.ring or self.inventory.ring
        return SkippedTenant(name=row.name, reason=reason, ring=ring, labels=self._labels(row))

    def _refuse_name(self, row: InventoryRow) -> None:
        if not NAME.fullmatch(row.name):
            raise self.error(f"{row.name!r} cannot be a tenant's name: 1 to 100 characters, no control characters")

    def _tenant(self, row: InventoryRow) -> Tenant:
        rings = self.environment.policy.rings
        if row.ring and row.ring not in rings:
            raise self.error(f"tenant '{row.name}': ring '{row.ring}' is not among rings: {', '.join(rings)}")
        if row.schema and (fault := schema_fault(row.schema)):
            raise self.error(f"tenant '{row.name}': schema {fault}")
        return Tenant(
            name=row.name,
            dsn=self._dsn(row),
            home=row.schema or self.inventory.home,
            ring=row.ring or self.inventory.ring,
            labels=self._labels(row),
            inventory=self.inventory.title,
        )

    def _dsn(self, row: InventoryRow) -> Dsn:
        base = self.inventory.tenant_dsn or self.inventory.dsn
        if row.dsn:
            try:
                base = replace(substitute(row.dsn, self.values), pooler=base.pooler)
            except KeyError as error:
                raise self.error(f"tenant '{row.name}': dsn: {problem_of(error)}") from None
        elif not (row.dbname or row.schema):
            raise self.error(f"tenant '{row.name}' has neither a dsn nor a dbname nor a schema")
        return self.at_database(base, row.dbname) if row.dbname and not row.dsn else base

    def _labels(self, row: InventoryRow) -> Mapping[str, str]:
        return {**self.inventory.labels, **row.labels}


def with_found(environment: Environment, found: Sequence[Found], *, file: str) -> Environment:
    """The environment with what was found in its inventories, behind what the fleet file lists.

    Raises FleetError for a tenant that is there twice.
    """
    tenants = (*environment.tenants, *(each for some, _ in found for each in some))
    _refuse_duplicates(environment, tenants, file)
    return replace(environment, tenants=tenants, skipped=tuple(each for _, some in found for each in some))


def _refuse_duplicates(environment: Environment, tenants: Sequence[Tenant], file: str) -> None:
    first: dict[str, Tenant] = {}
    for tenant in tenants:
        if tenant.name in first:
            known = first[tenant.name].inventory or "the tenants that are listed"
            problem = f"tenant '{tenant.name}' is already in {known}"
            problem = f"there are two tenants '{tenant.name}' in it" if known == tenant.inventory else problem
            raise FleetError(file, f"environments.{environment.name}.{tenant.inventory}", problem)
        first[tenant.name] = tenant


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
