"""Everything that a run needs to know of its environment and manifest, read and proved before anything is touched."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pgfleet import files, settings
from pgfleet.brief import Brief
from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment
from pgfleet.fleet.selection import pick_tenants, select_tenants
from pgfleet.manifest.model import Manifest
from pgfleet.pg.dsn import refuse_faulty


def prepare_brief(
    environment: str,
    *,
    tenants: Sequence[str] = (),
    rings: Sequence[str] = (),
    names: Sequence[str] | None = None,
    run: str = "",
    run_id: str = "",
) -> Brief:
    """The brief for those tenants, from the files that the settings name. Raises ConfigurationError.

    `tenants` are names or patterns as a person gives them, `names` exact ones in the order in which they are worked on.
    """
    chosen = settings.Settings()
    whole = files.load_environment(chosen.config, environment, settings.variables())
    refuse_faulty(whole, file=str(chosen.config))
    if not whole.tenants:
        raise FleetError(str(chosen.config), f"environments.{environment}.tenants", "there are none")
    selected = select_tenants(whole, tenants=tenants, rings=rings) if names is None else pick_tenants(whole, names)
    manifest = files.load_manifest(chosen.manifest_file)
    _refuse_unknown_consumers(whole, manifest, file=str(chosen.config))
    is_partial = len(selected.tenants) < len(whole.tenants)
    today = datetime.now(ZoneInfo(whole.policy.timezone)).date()
    return Brief(manifest, selected, run=run, run_id=run_id, is_partial=is_partial, today=today)


def _refuse_unknown_consumers(environment: Environment, manifest: Manifest, *, file: str) -> None:
    known = [each.consumer for each in manifest.contracts]
    for consumer in environment.policy.roles:
        if consumer not in known:
            there_are = f"there are: {', '.join(known)}" if known else "there are none"
            key = f"environments.{environment.name}.roles"
            raise FleetError(file, key, f"'{consumer}' is no consumer of the manifest's contracts; {there_are}")
