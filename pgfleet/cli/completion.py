"""Completes environments, tenants, rings, labels, and versions in a shell, from the files only."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pgfleet.fleet.file import EnvironmentTable, FleetDocument
Complete = Callable[[typer.Context, str], list[str]]


def _completing(find: Callable[[typer.Context], Iterable[str]]) -> Complete:
    """A function that completes one of the texts that `find` returns; none if a file cannot be read."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        from pgfleet.errors import PgfleetError

        try:
            return sorted({each for each in find(ctx) if each.startswith(incomplete)})
        except (PgfleetError, OSError):
            return []

    return complete


def _fleet(ctx: typer.Context) -> "FleetDocument":
    from pgfleet.run import files, settings

    given = ctx.find_root().params
    settings.use(config=given.get("config"), manifest=given.get("manifest"))
    return files.load_fleet(settings.Settings().config)


def _environment(ctx: typer.Context) -> "EnvironmentTable | None":
    # Before an option without its value, Typer does not assign the arguments to the parameters.
    named = ctx.params.get("environment") or next(iter(ctx.args), "")
    return _fleet(ctx).environments.get(named)


def _tenants(ctx: typer.Context) -> Iterator[str]:
    """Those in the fleet file: to list those of an inventory, pgfleet would have to connect."""
    table = _environment(ctx)
    yield from (each.name for each in table.tenants) if table else ()


def _rings(ctx: typer.Context) -> Iterator[str]:
    table = _environment(ctx)
    yield from table.rings if table else ()


def _labels(ctx: typer.Context) -> Iterator[str]:
    table = _environment(ctx)
    for tenant in table.tenants if table else ():
        yield from (f"{key}={value}" for key, value in tenant.labels.items())


def _versions(ctx: typer.Context) -> Iterator[str]:
    from pgfleet.run import files, settings
    from pgfleet.run.manifest_file import find_manifest

    given = ctx.find_root().params
    settings.use(config=given.get("config"), manifest=given.get("manifest"))
    yield from (each.version for each in files.load_manifest(find_manifest()).migrations)


complete_environments = _completing(lambda ctx: _fleet(ctx).environments)
complete_tenants = _completing(_tenants)
complete_rings = _completing(_rings)
complete_labels = _completing(_labels)
complete_versions = _completing(_versions)
