"""Loads the context of a run or a wave: fleet file, manifest and inventories, checked before anything is touched."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from time import monotonic
from zoneinfo import ZoneInfo

from pgfleet.errors import FleetError, PgfleetError
from pgfleet.fleet.model import Environment
from pgfleet.fleet.parse import build_environment
from pgfleet.fleet.selection import ALL_TENANTS, Selection, pick_with_absent, select_tenants
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.dsn import check_dsns, check_duplicates, with_rollout_logins
from pgfleet.postgres.dsn_environment import OPTION, dsn_environment
from pgfleet.postgres.read.inventory import read_inventories
from pgfleet.run import files, settings
from pgfleet.run.connection_limiter import ConnectionLimiter, LeasesFactory
from pgfleet.run.context import RunContext, limiter_for
from pgfleet.run.manifest_file import choose_manifest, find_manifest
from pgfleet.run.silent_servers import SilentServers
from pgfleet.run.variables import References

FRESH_SECONDS = 300.0
"""Passwords in files may expire, such as those of IAM authentication after 15 minutes, while a ring soaks."""


def load_context(
    environment: str,
    selection: Selection = ALL_TENANTS,
    *,
    run: str = "",
    run_id: str = "",
    leases: LeasesFactory = lambda _: None,
) -> RunContext:
    """The context of a run for the selected tenants.

    `run` is the name that database servers see, `run_id` the run's id in Prefect; `leases` creates the leases through
    which processes share connections. Raises ConfigurationError and InventoryUnreadable.
    """
    return _context(_sources(environment), selection, run=run, run_id=run_id, leases=leases)


def load_dsn_context(dsn: str, *, run: str, ledger_owners: Sequence[str] = ()) -> RunContext:
    """The context of a run on the one database at `dsn`, which may contain references such as `${VAR}`.

    `ledger_owners` are roles whose ledger is used besides that of the login. The manifest is the one that the settings
    name, or the one in the current folder. Raises ConfigurationError.
    """
    values = References(settings.variables())
    environment = dsn_environment(dsn, values, ledger_owners=ledger_owners)
    sources = _Sources(
        file=OPTION,
        environment=environment,
        values=values,
        manifest=files.load_manifest(find_manifest()),
        read_at_seconds=monotonic(),
    )
    return _context(sources, ALL_TENANTS, run=f"{run} {environment.name}", run_id="", leases=lambda _: None)


def _context(sources: "_Sources", selection: Selection, *, run: str, run_id: str, leases: LeasesFactory) -> RunContext:
    limiter = _limiter(sources.environment, leases)
    every = _read_inventories(sources, limiter)
    _require_tenants(every, sources.file)
    selected = select_tenants(every, selection)
    _require_known_consumers(every, sources)
    return RunContext(
        sources.manifest,
        selected,
        run=run,
        run_id=run_id,
        is_partial=len(selected.tenants) < len(every.tenants),
        today=_today(every),
        limiter=limiter,
        silences=_silences.get(),
    )


def load_wave_context(
    environment: str,
    names: Sequence[str],
    ring: str,
    *,
    run: str,
    run_id: str,
    leases: LeasesFactory,
    as_rollout: bool = False,
) -> RunContext:
    """The context of a wave for the tenants of these names, in this order, all of `ring`.

    The inventories are read again, so that a tenant that has left the fleet since the run began is in the context's
    `absent` and is not touched. `as_rollout` connects to the tenants with their logins for rollouts. The other
    parameters and the errors are those of `load_context`.
    """
    sources = _sources(environment)
    limiter = _limiter(sources.environment, leases)
    found = _read_inventories(sources, limiter, names)
    absent: Mapping[str, PgfleetError]
    picked, absent = pick_with_absent(found, names, ring, file=sources.file)
    _require_known_consumers(found, sources)
    picked = with_rollout_logins(picked) if as_rollout else picked
    return RunContext(
        sources.manifest,
        picked,
        run=run,
        run_id=run_id,
        today=_today(found),
        absent=absent,
        limiter=limiter,
        silences=_silences.get(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    """What the files say: the environment without the tenants of its inventories, and the manifest."""

    file: str
    environment: Environment
    values: References
    manifest: Manifest
    read_at_seconds: float


_shared: ContextVar[dict[str, _Sources] | None] = ContextVar("shared", default=None)
_silences: ContextVar[SilentServers | None] = ContextVar("silences", default=None)


@contextmanager
def sharing_files() -> Iterator[None]:
    """Within the block, a run and its waves read the fleet file and the manifest once in `FRESH_SECONDS`.

    They also share what they know of servers that do not answer.
    """
    token = _shared.set({} if _shared.get() is None else _shared.get())
    silences = _silences.set(_silences.get() or SilentServers())
    try:
        yield
    finally:
        _silences.reset(silences)
        _shared.reset(token)


def _sources(environment: str) -> _Sources:
    shared = _shared.get()
    found = shared.get(environment) if shared else None
    if found is None or monotonic() - found.read_at_seconds > FRESH_SECONDS:
        found = _read_files(environment)
    if shared is not None:
        shared[environment] = found
    return found


def _read_files(environment: str) -> _Sources:
    chosen, values = settings.Settings(), References(settings.variables())
    fleet, file = files.load_fleet(chosen.config), str(chosen.config)
    return _Sources(
        file=file,
        environment=build_environment(fleet, environment, values, file=file),
        values=values,
        manifest=files.load_manifest(choose_manifest(chosen, fleet)),
        read_at_seconds=monotonic(),
    )


def _limiter(environment: Environment, leases: LeasesFactory) -> ConnectionLimiter:
    return limiter_for(environment.policy, leases(environment.policy.max_connections_per_server))


def _read_inventories(sources: _Sources, limiter: ConnectionLimiter, names: Sequence[str] | None = None) -> Environment:
    """The environment with its tenants, of the inventories those of `names` or all."""
    try:
        found = read_inventories(
            sources.environment,
            sources.values,
            file=sources.file,
            limiter=limiter,
            silences=_silences.get(),
            names=names,
        )
    finally:
        limiter.release_leases()
    check_dsns(found, file=sources.file)
    check_duplicates(found, file=sources.file)
    return found


def _today(environment: Environment) -> date:
    return datetime.now(ZoneInfo(environment.policy.timezone)).date()


def _require_tenants(environment: Environment, file: str) -> None:
    if not environment.tenants:
        key, problem = (
            ("inventory", "finds no tenant")
            if environment.inventories
            else ("tenants", "the environment has no tenants")
        )
        skipped = f" that is not skipped ({len(environment.skipped)} are)" if environment.skipped else ""
        raise FleetError(file, f"environments.{environment.name}.{key}", problem + skipped)


def _require_known_consumers(environment: Environment, sources: _Sources) -> None:
    known = [each.consumer for each in sources.manifest.contracts]
    for consumer in environment.policy.roles:
        if consumer not in known:
            there_are = f"there are: {', '.join(known)}" if known else "there are none"
            key = f"environments.{environment.name}.roles"
            problem = f"'{consumer}' is no consumer of the manifest's contracts; {there_are}"
            raise FleetError(sources.file, key, problem)
