"""Gathers the evidence about a manifest from runs in scratch databases."""

from collections.abc import Mapping

from pgfleet.check.evidence import Evidence
from pgfleet.documents.findings import CheckEntry
from pgfleet.errors import ReplayFailed
from pgfleet.fleet.secret import Dsn
from pgfleet.judge.entries import judge_check
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.read.queries import run_checks
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.dependency_check import run_required
from pgfleet.postgres.scratch.down_scripts import run_down_scripts
from pgfleet.postgres.scratch.expected_catalog import build_expected
from pgfleet.postgres.scratch.second_run import run_again
from pgfleet.postgres.session import Session


def gather_evidence(manifest: Manifest, admin: Dsn, limits: Limits, home: str = DEFAULT) -> Evidence:
    """The evidence from the server of `admin`, whose role must have CREATEDB, with a home schema of that name.

    If the manifest cannot be replayed, it consists of that failure only. Raises ScratchUnavailable, and transient
    DatabaseErrors.
    """
    with scratch_database(admin, limits, manifest.migrations, home) as session:
        version = session.server_version
        try:
            expected = build_expected(manifest, session)
        except ReplayFailed as error:
            return Evidence(server_version=version, failed=(_version_of(manifest, error.script), error.problem))
        checks = _run_checks(manifest, session)
    return Evidence(
        server_version=version,
        second_runs=run_again(manifest, admin, limits, home),
        required_runs=run_required(manifest, expected.provenances, admin, limits, home),
        down_runs=run_down_scripts(manifest, admin, limits, home),
        checks=checks,
        contracts=expected.contracts,
        provenances=expected.provenances,
        reapplicable=expected.reapplicable,
    )


def _run_checks(manifest: Manifest, session: Session) -> Mapping[str, tuple[CheckEntry, ...]]:
    """Every migration's checks, in a database with the complete manifest."""
    found = {}
    for migration in manifest.migrations:
        pairs = zip(migration.checks, run_checks(session, migration.checks), strict=True)
        found[migration.version] = tuple(judge_check(check, result) for check, result in pairs)
    return found


def _version_of(manifest: Manifest, path: str) -> str:
    """The version of the migration with this script, or the path if it is a seed's."""
    return next((each.version for each in manifest.migrations if each.script.path == path), path)
