"""Replays a manifest into an empty database, which yields the expected catalog."""

from collections.abc import Iterator, Mapping
from typing import Any

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.history import History, trace
from pgfleet.catalog.objects import CatalogObject
from pgfleet.catalog.partitions import Place, with_partitions
from pgfleet.errors import DatabaseError, PermanentError, PgfleetError, ReplayFailed, ScriptFaulty
from pgfleet.manifest.extensions import pinned_extensions
from pgfleet.manifest.home_schema import may_name, words_of
from pgfleet.manifest.model import Manifest, Script
from pgfleet.manifest.rows import may_repeat_changes
from pgfleet.postgres.read.contracts import try_contracts
from pgfleet.postgres.read.introspection import CatalogReader, read_catalog
from pgfleet.postgres.read.partitions import read_partitions
from pgfleet.postgres.read.queries import read_seed
from pgfleet.postgres.scratch.restored_forms import find_restored_forms
from pgfleet.postgres.scratch.second_run import is_harmless
from pgfleet.postgres.session import Session
from pgfleet.run.progress import track

FAULTS_OF_SCRIPTS = frozenset({"21", "22", "23", "25", "2B", "3F", "42", "P0"})
"""SQLSTATE classes of errors that a script causes on any server (PostgreSQL manual, Appendix A)."""
INSUFFICIENT_PRIVILEGE = "42501"


def replay(manifest: Manifest, session: Session) -> ExpectedCatalog:
    """Runs every migration and seed in the empty database of `session`, and reads the catalog after each migration.

    The contracts are tried at the end. Raises ReplayFailed for a script that the server does not accept, and transient
    DatabaseErrors.
    """
    harmless, forms, partitions = set[str](), dict[str, CatalogObject](), dict[str, frozenset[Place]]()
    history = with_partitions(trace(_catalogs(manifest, session, harmless, forms, partitions)), partitions)
    expected = ExpectedCatalog(server_major=session.server_major, history=history, equivalents={}, seeds={})
    in_scope = read_catalog(session, expected.scope, manifest.stand_ins)
    if in_scope.fingerprint != expected.fingerprint:
        raise PgfleetError(
            "reading a catalog within the manifest's scope gives another fingerprint than reading all of it"
        )
    return ExpectedCatalog(
        server_major=session.server_major,
        history=history,
        equivalents=manifest.stand_ins,
        seeds=_apply_seeds(manifest, session),
        contracts=try_contracts(session, manifest.contracts, {}),
        harmless=frozenset(harmless),
        pinned=pinned_extensions(manifest.migrations),
        restored_forms=_unless_a_state(forms, history),
        repeats=frozenset(each.version for each in manifest.migrations if may_repeat_changes(each.script.sql)),
        names_home=may_name(words_of(manifest), session.home),
    )


def _catalogs(
    manifest: Manifest,
    session: Session,
    harmless: set[str],
    forms: dict[str, CatalogObject],
    partitions: dict[str, frozenset[Place]],
) -> Iterator[tuple[str, tuple[CatalogObject, ...]]]:
    """Each version with the catalog after it, without what an empty database contains.

    Adds to `harmless` the versions that may be run again without any effect, to `forms` what a dump and restore makes
    of the objects, and to `partitions` all partitions after each version.
    """
    reader = CatalogReader(session, manifest.stand_ins)
    initial = frozenset(each.digest for each in reader.read())
    before: frozenset[str] = frozenset()
    for migration in track("replay", manifest.migrations):
        _run(session, migration.script, transactional=migration.transactional)
        partitions[migration.version] = read_partitions(session)
        objects = tuple(each for each in reader.read() if each.digest not in initial)
        after = frozenset(each.digest for each in objects)
        if after == before and migration.transactional and is_harmless(reader, migration):
            harmless.add(migration.version)
        made = [each for each in objects if each.digest not in before]
        forms.update(find_restored_forms(session, objects, made, manifest.stand_ins))
        before = after
        yield migration.version, objects


def _unless_a_state(forms: Mapping[str, CatalogObject], history: History) -> Mapping[str, CatalogObject]:
    """The forms without those in which a migration leaves the object: such an object shows that migration."""
    states = {link.state.digest for chain in history.chains for link in chain.links if link.state}
    return {digest: each for digest, each in forms.items() if digest not in states}


def _apply_seeds(manifest: Manifest, session: Session) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    for seed in manifest.seeds:
        _run(session, seed.script)
    return {seed.name: read_seed(session, seed, None).rows for seed in manifest.seeds}


def _run(session: Session, script: Script, *, transactional: bool = True) -> None:
    try:
        session.run_script(script) if transactional else session.run_outside_transaction(script)
    except PermanentError as error:
        kind = ScriptFaulty if _is_fault_of_script(error) else ReplayFailed
        raise kind(script.path, session.server_version, _problem(error)) from error


def _is_fault_of_script(error: DatabaseError) -> bool:
    return error.sqlstate[:2] in FAULTS_OF_SCRIPTS and error.sqlstate != INSUFFICIENT_PRIVILEGE


def _problem(error: DatabaseError) -> str:
    """The error with its place, without repeating the script's name."""
    where = f"line {error.place.line} column {error.place.column}: " if error.place else ""
    return f"{where}{error.message}" + (f" (SQLSTATE {error.sqlstate})" if error.sqlstate else "")
