"""Everything that a run needs to know of its environment and manifest, read and proved before anything is touched."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pgfleet import files, settings
from pgfleet.brief import Brief
from pgfleet.errors import FleetError
from pgfleet.fleet.selection import pick_tenants, select_tenants
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
    is_partial = len(selected.tenants) < len(whole.tenants)
    today = datetime.now(ZoneInfo(whole.policy.timezone)).date()
    manifest = files.load_manifest(chosen.manifest_file)
    return Brief(manifest, selected, run=run, run_id=run_id, is_partial=is_partial, today=today)
