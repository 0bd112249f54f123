"""Replays a manifest into an empty database, which yields the expected catalog."""

from collections.abc import Mapping
from typing import Any

from pgfleet.catalog.expected import ExpectedCatalog, trace_provenance
from pgfleet.catalog.scope import EVERYTHING, scope_of
from pgfleet.errors import DatabaseError, ReplayFailed
from pgfleet.manifest.model import Manifest, Script
from pgfleet.postgres.read.contracts import try_contracts
from pgfleet.postgres.read.introspection import read_catalog
from pgfleet.postgres.read.queries import read_seed
from pgfleet.postgres.session import Session


def replay(manifest: Manifest, session: Session) -> ExpectedCatalog:
    """Runs every migration in an empty database, reading the catalog after each; then seeds and contracts.

    Raises ReplayFailed for a script that the server rejects, and transient DatabaseErrors.
    """
    equivalents = manifest.stand_ins
    snapshots = []
    for migration in manifest.migrations:
        _run(session, migration.script, transactional=migration.transactional)
        snapshots.append((migration.version, read_catalog(session, EVERYTHING, equivalents).managed or ()))
    provenances = trace_provenance(snapshots)
    catalog = read_catalog(session, scope_of(each.object for each in provenances), equivalents)
    return ExpectedCatalog(
        server_major=session.server_major,
        fingerprint=catalog.fingerprint,
        provenances=provenances,
        equivalents=equivalents,
        seeds=_apply_seeds(manifest, session),
        contracts=try_contracts(session, manifest.contracts, {}),
    )


def _apply_seeds(manifest: Manifest, session: Session) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    for seed in manifest.seeds:
        _run(session, seed.script)
    return {seed.name: read_seed(session, seed, None).rows for seed in manifest.seeds}


def _run(session: Session, script: Script, *, transactional: bool = True) -> None:
    try:
        session.run_script(script) if transactional else session.run_outside_transaction(script)
    except DatabaseError as error:
        if error.transient:
            raise
        raise ReplayFailed(script.path, session.server_version, _problem(error)) from error


def _problem(error: DatabaseError) -> str:
    """The error with its place, without repeating the script's name."""
    where = f"line {error.place.line} column {error.place.column}: " if error.place else ""
    return f"{where}{error.message}" + (f" (SQLSTATE {error.sqlstate})" if error.sqlstate else "")
