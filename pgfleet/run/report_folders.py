"""The folders of an environment's report pages and metrics."""

from pathlib import Path

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment
from pgfleet.run import settings
from pgfleet.run.writable import writing_problem


def report_folder(name: str) -> Path:
    """The folder; a relative one is relative to the fleet file."""
    return settings.Settings().config.absolute().parent / name


def check_report_folders(environment: Environment) -> None:
    """Creates the folders, and raises FleetError for the first one in which no file can be written."""
    reports = environment.policy.reports
    for key, name in (("report_dir", reports.folder), ("metrics_dir", reports.metrics_folder)):
        folder = report_folder(name) if name else None
        if folder and (problem := writing_problem(folder)):
            place = f"environments.{environment.name}.{key}"
            raise FleetError(str(settings.Settings().config), place, f"{folder} cannot be written: {problem}")
