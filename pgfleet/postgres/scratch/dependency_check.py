"""Runs each migration in an empty database after only the migrations that it requires."""

from collections.abc import Iterable, Mapping, Sequence

from pgfleet.catalog.expected import Provenance
from pgfleet.catalog.objects import CatalogObject
from pgfleet.catalog.scope import EVERYTHING
from pgfleet.check.evidence import RequiredRun
from pgfleet.check.requirements import required
from pgfleet.errors import DatabaseError
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.read.introspection import read_catalog
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.second_run import apply
from pgfleet.postgres.session import Session


def run_required(
    manifest: Manifest, provenances: Sequence[Provenance], admin: Dsn, limits: Limits
) -> Mapping[str, RequiredRun]:
    """The outcome of each migration, by version. Raises transient DatabaseErrors, and ScratchUnavailable."""
    return {each.version: _try(manifest, each, provenances, admin, limits) for each in manifest.migrations}


def _try(
    manifest: Manifest, migration: Migration, provenances: Sequence[Provenance], admin: Dsn, limits: Limits
) -> RequiredRun:
    found = _run(required(manifest, migration.version), provenances, manifest, admin, limits)
    if not found.error and not found.absent:
        return found
    for other in _earlier(manifest, migration):
        more = _run(required(manifest, migration.version, other.version), provenances, manifest, admin, limits)
        if not more.error and not more.absent:
            return RequiredRun(error=found.error, absent=found.absent, undeclared=other.version)
    return found


def _run(
    migrations: Sequence[Migration], provenances: Sequence[Provenance], manifest: Manifest, admin: Dsn, limits: Limits
) -> RequiredRun:
    """Runs the migrations in order; the outcome is that of the last one."""
    with scratch_database(admin, limits, manifest.migrations) as session:
        try:
            for each in migrations:
                apply(session, each)
        except DatabaseError as error:
            if error.transient:
                raise
            return RequiredRun(error=str(error))
        return RequiredRun(absent=_absent(session, manifest, provenances, migrations[-1].version))


def _absent(session: Session, manifest: Manifest, provenances: Iterable[Provenance], version: str) -> tuple[str, ...]:
    """The migration's objects that are missing; of those that it created, also the ones that differ."""
    objects = read_catalog(session, EVERYTHING, manifest.stand_ins).managed or ()
    found = {each.identity: each for each in objects}
    steps = [(each.maker, step.object) for each in provenances for step in each.steps if step.version == version]
    absent = [
        wanted.identity
        for maker, wanted in steps
        if wanted.identity not in found or (maker == version and _differ(wanted, found[wanted.identity]))
    ]
    return tuple(f"{each.kind} {each.qualified(session.home)}" for each in absent)


def _differ(wanted: CatalogObject, found: CatalogObject) -> bool:
    return wanted.attributes != found.attributes


def _earlier(manifest: Manifest, migration: Migration) -> list[Migration]:
    """Earlier migrations that it does not require, those with the fewest requirements of their own first."""
    before = manifest.migrations[: manifest.migrations.index(migration)]
    declared = required(manifest, migration.version)
    candidates = [each for each in reversed(before) if each not in declared]
    return sorted(candidates, key=lambda each: len(required(manifest, each.version)))
