"""Finds the manifest that a command uses: only one that the settings or the fleet file name, or that is next to it."""

from pathlib import Path

from pgfleet.errors import ConfigurationError, ManifestError
from pgfleet.fleet.file import FleetDocument
from pgfleet.run import files, settings
from pgfleet.run.shipped import sql_folder

NAME = "manifest.toml"
NOT_NAMED = (
    'name one with --manifest FILE, or with manifest = "FILE" at the top of the fleet file'
    " (pgfleet manifest init DIR writes one)"
)


def shipped_manifest() -> Path:
    """The manifest in the package."""
    return sql_folder() / NAME


def find_manifest() -> Path:
    """The manifest of a command that needs no fleet file. Raises ManifestError, and FleetError."""
    chosen = settings.Settings()
    is_needed = chosen.manifest is None and (settings.names_fleet_file() or chosen.config.exists())
    return choose_manifest(chosen, files.load_fleet(chosen.config) if is_needed else None)


def is_chosen(file: Path) -> bool:
    """Whether commands use this manifest by default."""
    try:
        return find_manifest().resolve() == file.resolve()
    except ConfigurationError:
        return False


def manifest_exists() -> bool:
    """Whether the manifest that commands use has been written."""
    try:
        return find_manifest().exists()
    except ConfigurationError:
        return False


def choose_manifest(chosen: settings.Settings, fleet: FleetDocument | None) -> Path:
    """The manifest of the settings, else of the fleet file, else the one next to it. Raises ManifestError without one.

    `fleet` is the content of the fleet file that the settings name.
    """
    if chosen.manifest:
        return shipped_manifest() if chosen.manifest == settings.EXAMPLE else Path(chosen.manifest)
    if fleet and fleet.manifest:
        is_example = fleet.manifest == settings.EXAMPLE
        return shipped_manifest() if is_example else chosen.config.parent / fleet.manifest
    beside = chosen.config.parent / NAME
    if not beside.exists():
        raise ManifestError("no manifest", "", NOT_NAMED)
    return beside
