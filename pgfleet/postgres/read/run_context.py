"""Everything that a run needs to know of its environment and manifest, read and proved before anything is touched."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pgfleet.errors import FleetError
from pgfleet.fleet.absence import pick_with_absent
from pgfleet.fleet.model import Environment
from pgfleet.fleet.selection import select_tenants
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.dsn import check_dsns, check_duplicates
from pgfleet.postgres.read.inventory import read_inventories
from pgfleet.run import files, settings
from pgfleet.run.connection_limiter import SlotsMaker
from pgfleet.run.context import RunContext, limiter_for
from pgfleet.run.variables import References


def load_context(
    environment: str,
    *,
    tenants: Sequence[str] = (),
    rings: Sequence[str] = (),
    labels: Sequence[str] = (),
    names: Sequence[str] | None = None,
    ring: str = "",
    run: str = "",
    run_id: str = "",
    slots: SlotsMaker = lambda _: None,
) -> RunContext:
    """The context for those tenants, from the files that the settings name and the inventories that these name.

    `tenants` are names or patterns as a person gives them, `names` exact ones in the order in which they are worked on,
    all of `ring`: of these, one that is no longer there is in the context's `absent`. Connections are opened by the
    brief's permits, inventories' too; `slots` makes what other processes are reckoned with. Raises
    ConfigurationError, and InventoryUnreadable.
    """
    chosen = settings.Settings()
    file, values = str(chosen.config), References(settings.variables())
    written = files.load_environment(chosen.config, environment, values)
    limiter = limiter_for(written.policy, slots(written.policy.max_connections_per_server))
    try:
        whole = read_inventories(written, values, file=file, limiter=limiter, names=names)
    finally:
        if names is None:  # a wave's tenants are next
            limiter.rest()
    check_dsns(whole, file=file)
    check_duplicates(whole, file=file)
    if names is None:
        _refuse_empty(whole, file)
        selected, absent = select_tenants(whole, tenants=tenants, rings=rings, labels=labels), None
    else:
        selected, absent = pick_with_absent(whole, names, ring, file=file)
    manifest = files.load_manifest(chosen.manifest_file)
    _refuse_unknown_consumers(whole, manifest, file=file)
    is_partial = len(selected.tenants) < len(whole.tenants)
    today = datetime.now(ZoneInfo(whole.policy.timezone)).date()
    return RunContext(
        manifest, selected, run=run, run_id=run_id, is_partial=is_partial, today=today, absent=absent, limiter=limiter
    )


def _refuse_empty(environment: Environment, file: str) -> None:
    if not environment.tenants:
        key, problem = ("inventory", "finds no tenant") if environment.inventories else ("tenants", "there are none")
        skipped = f" that is not skipped ({len(environment.skipped)} are)" if environment.skipped else ""
        raise FleetError(file, f"environments.{environment.name}.{key}", problem + skipped)


def _refuse_unknown_consumers(environment: Environment, manifest: Manifest, *, file: str) -> None:
    known = [each.consumer for each in manifest.contracts]
    for consumer in environment.policy.roles:
        if consumer not in known:
            there_are = f"there are: {', '.join(known)}" if known else "there are none"
            key = f"environments.{environment.name}.roles"
            raise FleetError(file, key, f"'{consumer}' is no consumer of the manifest's contracts; {there_are}")
