"""Proves a manifest on a server: all that can be seen of it in scratch databases."""

from collections.abc import Mapping

from pgfleet.check.evidence import Evidence
from pgfleet.documents.audit import CheckEntry
from pgfleet.errors import ReplayFailed
from pgfleet.fleet.secret import Dsn
from pgfleet.judge.checks import judge_check
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.read.queries import run_checks
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.dependency_check import run_required
from pgfleet.postgres.scratch.expected_catalog import expect
from pgfleet.postgres.scratch.second_run import run_again
from pgfleet.postgres.session import Session


def gather_evidence(manifest: Manifest, admin: Dsn, limits: Limits) -> Evidence:
    """What there is to be seen of the manifest on the server of `admin`, whose role may create databases.

    Of a manifest that cannot be replayed that is all that is said. Raises ScratchUnavailable, transient DatabaseErrors.
    """
    with scratch_database(admin, limits, manifest.migrations) as session:
        version = session.server_version
        try:
            expected = expect(manifest, session)
        except ReplayFailed as error:
            return Evidence(server_version=version, failed=(_version_of(manifest, error.script), error.problem))
        checks = _answer(manifest, session)
    runs, empty = run_again(manifest, admin, limits)
    return Evidence(
        server_version=version,
        second_runs=runs,
        required_runs=run_required(manifest, expected.provenances, admin, limits),
        checks=checks,
        contracts=expected.contracts,
        provenances=expected.provenances,
        reapplicable=expected.reapplicable,
        empty=empty,
    )


def _answer(manifest: Manifest, session: Session) -> Mapping[str, tuple[CheckEntry, ...]]:
    """What must hold wherever the whole manifest is."""
    found = {}
    for migration in manifest.migrations:
        answers = run_checks(session, migration.checks)
        pairs = zip(migration.checks, answers, strict=True)
        found[migration.version] = tuple(judge_check(check, answer) for check, answer in pairs)
    return found


def _version_of(manifest: Manifest, path: str) -> str:
    """The migration's version; a seed's path where it is a seed that fails."""
    return next((each.version for each in manifest.migrations if each.script.path == path), path)
