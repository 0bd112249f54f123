"""What `pgfleet doctor` checks on this machine: versions, files, folders, Prefect's API. Does not import Prefect."""

from base64 import b64encode
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from pgfleet.documents.doctor import CheckEntry
from pgfleet.errors import ConfigurationError
from pgfleet.fleet.file import FleetDocument
from pgfleet.judge.doctor import error, fault_checks, ok, warning
from pgfleet.postgres.embedded.binaries import Account, ClusterFailed, embedded_binaries, server_major
from pgfleet.run import files, settings
from pgfleet.run.manifest_file import choose_manifest
from pgfleet.run.report_folders import report_folder
from pgfleet.run.writable import writing_problem
from pgfleet.version import VERSION

LIBRARIES = {"prefect": "prefect", "psycopg": "psycopg"}
API_SECONDS = 5.0
CORRECT = "correct the file"
REINSTALL = "install pgfleet again; without it, servers that allow no scratch databases need scratch_dsn"
NOT_NEEDED = "psql and pg_dump are not needed"
OTHER_FOLDER = "choose a folder that this user can write to"


def versions() -> Iterator[CheckEntry]:
    """The versions of pgfleet and of the libraries that it depends on most."""
    yield ok("pgfleet", VERSION)
    for name, package in LIBRARIES.items():
        try:
            yield ok(name, version(package))
        except PackageNotFoundError:
            yield error(name, "is not installed", "install pgfleet again")


def embedded_server() -> tuple[int | None, CheckEntry]:
    """The major version of the embedded server's programs, None if they do not run, and the check."""
    try:
        major = server_major(embedded_binaries(), Account(name="this user"))
    except (ClusterFailed, OSError) as fault:
        return None, warning("embedded_server", str(fault), REINSTALL)
    return major, ok("embedded_server", f"PostgreSQL {major}; {NOT_NEEDED}")


def file_checks(*, is_needed: bool) -> Iterator[CheckEntry]:
    """The fleet file, its environments, and the manifest. Missing ones are errors only if they are needed."""
    chosen = settings.Settings()
    if not (is_needed or settings.names_fleet_file() or chosen.config.exists()):
        yield warning(
            "fleet_file", f"there is no {chosen.config} here", "write one (pgfleet init), or name one with --config"
        )
        yield from _manifest_checks(chosen, None, is_needed=chosen.manifest is not None)
        return
    try:
        fleet = files.load_fleet(chosen.config)
    except ConfigurationError as fault:
        yield from fault_checks("fleet_file", fault, CORRECT)
        if chosen.manifest:  # otherwise the fleet file may name it
            yield from _manifest_checks(chosen, None)
        return
    yield ok("fleet_file", str(chosen.config.absolute()))
    yield ok("environments", ", ".join(sorted(fleet.environments)))
    yield from _manifest_checks(chosen, fleet)


def _manifest_checks(
    chosen: settings.Settings, fleet: FleetDocument | None, *, is_needed: bool = True
) -> Iterator[CheckEntry]:
    try:
        manifest = choose_manifest(chosen, fleet)
    except ConfigurationError as fault:
        check = error if is_needed else warning
        yield check("manifest", fault.file, fault.problem)
        return
    try:
        found = files.load_manifest(manifest)
    except ConfigurationError as fault:
        yield from fault_checks("manifest", fault, CORRECT)
    else:
        yield ok("manifest", f"{manifest}: {len(found.migrations)} migrations")


def folder_checks(environment: str | None) -> Iterator[CheckEntry]:
    """The folders that pgfleet and Prefect write to, of `environment` or of all in the fleet file."""
    yield _folder_check("prefect_home", settings.prefect_home(), settings.PREFECT_BYTES)
    yield _folder_check("state_folder", settings.Settings().state_folder)
    try:
        fleet = files.load_fleet(settings.Settings().config)
    except ConfigurationError:  # which the file's own check reports
        return
    for name, table in fleet.environments.items():
        for key, folder in (("report_dir", table.report_dir), ("metrics_dir", table.metrics_dir)):
            if folder and environment in {None, name}:
                yield _folder_check(key, report_folder(folder))


def _folder_check(name: str, folder: Path, size_bytes: int = 1) -> CheckEntry:
    """A folder that does not exist yet is not created: it can be if the folder above it is writable."""
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if problem := writing_problem(existing, size_bytes):
        return error(name, f"{folder}: cannot be written: {problem}", OTHER_FOLDER)
    return ok(name, str(folder) if existing == folder.absolute() else f"{folder} (will be created)")


def prefect_api() -> Iterator[CheckEntry]:
    """Whether Prefect's API answers, if one is configured."""
    try:
        api = settings.prefect_setting("PREFECT_API_URL")
        headers = _authorization()
    except ConfigurationError as fault:
        yield from fault_checks("prefect_api", fault, CORRECT)
        return
    if api is None:
        yield ok("prefect_api", "none is configured: each command starts a temporary server")
        return
    yield _answer(api, headers)


def _authorization() -> dict[str, str]:
    if key := settings.prefect_setting("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if key := settings.prefect_setting("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {b64encode(key.encode()).decode()}"}
    return {}


def _answer(api: str, headers: dict[str, str]) -> CheckEntry:
    """`GET /admin/version` requires the key, unlike `/health`; Prefect Cloud does not have it, and answers 404."""
    try:
        shown = _without_credentials(api)
        answer = httpx.get(f"{api.rstrip('/')}/admin/version", headers=headers, timeout=API_SECONDS)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError):
        return error("prefect_api", "PREFECT_API_URL is no URL", "correct PREFECT_API_URL")
    except httpx.TransportError as fault:
        problem = f"{shown} does not answer: {fault or type(fault).__name__}"
        return error("prefect_api", problem, "check PREFECT_API_URL, and whether the server runs", is_unreachable=True)
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return error("prefect_api", f"{shown} refuses the key", "set PREFECT_API_AUTH_STRING or PREFECT_API_KEY")
    if answer.is_error and answer.status_code != httpx.codes.NOT_FOUND:
        problem = f"{shown} answers with status {answer.status_code}"
        return error("prefect_api", problem, "check the server's log", is_unreachable=True)
    return ok("prefect_api", f"{shown} answers")


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
