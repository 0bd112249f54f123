"""From the fleet file's text to an `Environment`."""

from collections.abc import Iterator
from dataclasses import replace

from pgfleet.errors import FleetError
from pgfleet.fleet.file import EnvironmentTable, FleetDocument
from pgfleet.fleet.model import (
    Acceptance,
    Environment,
    HazardPolicy,
    Inventory,
    InventoryKind,
    Policy,
    ReportPolicy,
    Restart,
    RolloutPolicy,
    Tenant,
    WavePolicy,
)
from pgfleet.fleet.pooler import Pooler
from pgfleet.fleet.secret import Dsn, Secret
from pgfleet.fleet.tables import HazardTable, InventoryTable, RestartTable, TenantTable
from pgfleet.fleet.templates import Values, describe_unresolved, substitute, substitute_text
from pgfleet.hazards.codes import HazardCode
from pgfleet.parser.statements import split
from pgfleet.validation import read_toml
from pgfleet.wording import did_you_mean


def parse_fleet(text: str, *, file: str) -> FleetDocument:
    """Validates the form of the fleet file; `file` is its name in errors. Raises FleetError."""
    return read_toml(text, FleetDocument, file=file, error=FleetError)


def build_environment(document: FleetDocument, name: str, values: Values, *, file: str) -> Environment:
    """One environment, with the references in its connection strings resolved from `values`.

    Does not read the inventories. Raises FleetError for an unknown environment or ring, a duplicate tenant, or an
    unresolved reference.
    """
    table = document.environments.get(name)
    if table is None:
        known = f"; the environments are {', '.join(sorted(document.environments))}"
        similar = did_you_mean(name, document.environments)
        raise FleetError(file, "environments", f"there is no '{name}'{similar or known}")
    return _Builder(name, table, values, file).environment()


class _Builder:
    """Builds one environment, and collects its faults."""

    def __init__(self, name: str, table: EnvironmentTable, values: Values, file: str) -> None:
        self.name, self.table, self.values, self.file = name, table, values, file
        self.faults: list[tuple[str, str]] = []

    def environment(self) -> Environment:
        tenants = tuple(self._tenant(place, entry) for place, entry in enumerate(self.table.tenants))
        self._check_duplicates(tenants)
        inventories, policy = tuple(self._inventories()), self._policy()
        if self.faults:
            raise FleetError(self.file, *self.faults[0], *self.faults[1:])
        return Environment(name=self.name, policy=policy, tenants=tenants, inventories=inventories)

    def _policy(self) -> Policy:
        table = self.table
        return Policy(
            timezone=table.timezone,
            rings=tuple(table.rings),
            max_connections_per_server=table.max_connections_per_server,
            connect_timeout_seconds=max(2, round(table.connect_timeout / 1000)),  # libpq's minimum
            statement_timeout_ms=table.statement_timeout,
            lock_timeout_ms=table.lock_timeout,
            exact_count_limit_rows=table.exact_count_limit,
            scratch_dsn=self._dsn("scratch_dsn", table.scratch_dsn) if table.scratch_dsn else None,
            rollout=self._rollout_policy(),
            row_loss=table.row_loss,
            acceptances=tuple(Acceptance(**dict(each)) for each in table.accept),
            roles=dict(table.roles),
            ledger_owners=tuple(table.ledger_owners),
            connection_share_percent=int(table.connection_share.removesuffix("%")),
            max_workers=table.max_workers,
            full_audit_every=table.full_audit_every,
            waves=WavePolicy(
                size_tenants=table.wave_size,
                work_pool=table.work_pool if table.distribute else None,
                silence_seconds=table.worker_silence / 1000,
            ),
            reports=ReportPolicy(folder=table.report_dir, url=table.report_url, metrics_folder=table.metrics_dir),
        )

    def _rollout_policy(self) -> RolloutPolicy:
        table = self.table
        return RolloutPolicy(
            approval=table.approval,
            approval_timeout_seconds=max(1, table.approval_timeout // 1000),
            failure_budgets=dict(table.failure_budget),
            soak_seconds={ring: duration / 1000 for ring, duration in table.soak.items()},
            watch_seconds=table.watch / 1000 if table.watch else None,
            restarts=tuple(self._restart(place, entry) for place, entry in enumerate(table.restarts)),
            idle_in_transaction_timeout_ms=table.idle_in_transaction_timeout,
            hazards=_hazard_policy(table.hazards),
            transaction=table.transaction,
        )

    def _restart(self, place: int, entry: RestartTable) -> Restart:
        key = f"restarts[{place}]"
        return Restart(
            service=entry.service,
            command=tuple(self._text(f"{key}.command", each) for each in entry.command) if entry.command else None,
            url=self._text(f"{key}.url", entry.url) if entry.url else None,
            timeout_seconds=entry.timeout / 1000,
        )

    def _tenant(self, place: int, entry: TenantTable) -> Tenant:
        key = f"tenants[{place}]"
        return Tenant(
            name=entry.name,
            dsn=self._with_pooler(entry.pooler, self._dsn(f"{key}.dsn", entry.dsn)),
            rollout_dsn=self._rollout_dsn(key, entry.rollout_dsn),
            home=entry.schema_,
            ring=self._ring(f"{key}.ring", entry.ring),
            labels=entry.labels,
        )

    def _inventories(self) -> Iterator[Inventory]:
        written = self.table.inventory
        if isinstance(written, InventoryTable):
            yield self._inventory("inventory", written)
        for place, entry in enumerate(written if isinstance(written, list) else ()):
            yield self._inventory(f"inventory[{place}]", entry)

    def _inventory(self, key: str, entry: InventoryTable) -> Inventory:
        return Inventory(
            key=key,
            name=entry.name,
            kind=InventoryKind(entry.kind),
            dsn=self._with_pooler(None, self._dsn(f"{key}.dsn", entry.dsn)),
            tenant_dsn=self._with_pooler(None, self._dsn(f"{key}.tenant_dsn", entry.tenant_dsn))
            if entry.tenant_dsn
            else None,
            rollout_dsn=self._rollout_dsn(key, entry.rollout_dsn),
            like=entry.like,
            regex=entry.regex,
            query=split(entry.query)[0].text if entry.query else None,
            home=entry.schema_,
            ring=self._ring(f"{key}.ring", entry.ring),
            labels=entry.labels,
            skip_states=frozenset(each.casefold() for each in entry.skip_states),
        )

    def _rollout_dsn(self, key: str, own: str | None) -> Dsn | None:
        """That of the tenant or inventory, or else of the environment."""
        if own:
            return self._dsn(f"{key}.rollout_dsn", own)
        return self._dsn("rollout_dsn", self.table.rollout_dsn) if self.table.rollout_dsn else None

    def _ring(self, key: str, ring: str | None) -> str:
        chosen = ring or self.table.rings[-1]
        if chosen not in self.table.rings:
            self._report(key, f"'{chosen}' is not in rings: {', '.join(self.table.rings)}")
        return chosen

    def _with_pooler(self, pooler: str | None, dsn: Dsn) -> Dsn:
        """The connection string with the pooler of the tenant, or else of the environment."""
        kind = pooler or self.table.pooler
        return replace(dsn, pooler=Pooler(kind)) if kind else dsn

    def _dsn(self, key: str, template: str) -> Dsn:
        try:
            return substitute(template, self.values)
        except KeyError as error:
            self._report(key, describe_unresolved(error))
            return Dsn("")

    def _text(self, key: str, template: str) -> Secret:
        try:
            return substitute_text(template, self.values)
        except KeyError as error:
            self._report(key, describe_unresolved(error))
            return Secret("")

    def _check_duplicates(self, tenants: tuple[Tenant, ...]) -> None:
        places: dict[str, int] = {}
        for place, tenant in enumerate(tenants):
            if tenant.name in places:
                self._report(
                    f"tenants[{place}].name", f"'{tenant.name}' is already the name of tenants[{places[tenant.name]}]"
                )
            places[tenant.name] = place

    def _report(self, key: str, problem: str) -> None:
        self.faults.append((f"environments.{self.name}.{key}", problem))


def _hazard_policy(table: HazardTable) -> HazardPolicy:
    """The policy that is written; a list that is not written is the default, an empty one is empty."""
    written = {"deny": table.deny, "warn": table.warn}
    return HazardPolicy(
        **{key: frozenset(map(HazardCode, codes)) for key, codes in written.items() if codes is not None}
    )
