"""Runs each migration in an empty database after only the migrations that it requires."""

import re
from collections.abc import Iterable, Mapping, Sequence

from pgfleet.catalog.expected import Provenance
from pgfleet.catalog.objects import CatalogObject
from pgfleet.check.evidence import RequiredRun
from pgfleet.errors import PermanentError
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.lookup import look_up
from pgfleet.postgres.scratch.scripts import apply, rolled_back
from pgfleet.postgres.session import Session
from pgfleet.run.progress import track

WORD = re.compile(r"\w+")


def run_required(
    manifest: Manifest, provenances: Sequence[Provenance], admin: Dsn, limits: Limits, home: str = DEFAULT
) -> Mapping[str, RequiredRun]:
    """The outcome of each migration, by version. Raises transient DatabaseErrors, and ScratchUnavailable.

    Migrations that require all earlier ones are not run: the replay did that. The others share one scratch database,
    in transactions that are rolled back; only a run with a script outside a transaction has a database of its own.
    """
    with scratch_database(admin, limits, manifest.migrations, home) as session:
        check = _DependencyCheck(manifest, provenances, session, admin)
        return {each.version: check.outcome(each) for each in track("requirements", manifest.migrations)}


class _DependencyCheck:
    def __init__(self, manifest: Manifest, provenances: Sequence[Provenance], session: Session, admin: Dsn) -> None:
        self.manifest, self.session, self.admin = manifest, session, admin
        self.effects: dict[str, list[tuple[str, CatalogObject]]] = {each.version: [] for each in manifest.migrations}
        self.closures: dict[str, frozenset[str]] = {}
        for provenance in provenances:
            for step in provenance.steps:
                self.effects[step.version].append((provenance.maker, step.object))

    def outcome(self, migration: Migration) -> RequiredRun:
        """The outcome with only the requirements, and what has to be added to them if that is not enough.

        What earlier migrations lack is theirs to add, so it counts as required by them here. Asks for the migrations in
        the manifest's order.
        """
        found = self._outcome(migration)
        self.closures[migration.version] = self._closure([migration.version, *migration.requires, *found.undeclared])
        return found

    def _outcome(self, migration: Migration) -> RequiredRun:
        if len(self._closure(migration.requires)) == len(self.closures):
            return RequiredRun()
        found = self._run(migration)
        if not found.error and not found.absent:
            return found
        return RequiredRun(error=found.error, absent=found.absent, undeclared=self._find_undeclared(migration))

    def _find_undeclared(self, migration: Migration) -> tuple[str, ...]:
        """The earlier migrations that have to be added; empty if it does not even work with all of them.

        If it works with the first n suspects and not with the first n - 1, it needs the nth, and no later one.
        """
        suspects, found = self._suspects(migration), list[str]()
        while not found or (suspects and not self._works(migration, found)):
            needed = self._shortest_prefix(migration, suspects, found)
            if needed is None:
                return ()
            found.append(suspects[needed - 1])
            suspects = suspects[: needed - 1]
        implied = {each for version in found for each in self.closures[version] - {version}}
        return tuple(each.version for each in self.manifest.migrations if each.version in {*found} - implied)

    def _shortest_prefix(self, migration: Migration, suspects: Sequence[str], found: Sequence[str]) -> int | None:
        """How many of the suspects, from the first, it needs; None if all of them are not enough.

        Doubles the number until it works, because the likely ones come first, and halves the interval from there.
        """
        failing, working = 0, 1
        while not self._works(migration, [*found, *suspects[:working]]):
            if working >= len(suspects):
                return None
            failing, working = working, min(2 * working, len(suspects))
        while working - failing > 1:
            middle = (failing + working) // 2
            if self._works(migration, [*found, *suspects[:middle]]):
                working = middle
            else:
                failing = middle
        return working

    def _suspects(self, migration: Migration) -> list[str]:
        """Earlier migrations that it does not require; first those whose objects its script names, and of those the
        ones with the fewest requirements of their own.
        """
        declared = self._closure(migration.requires)
        candidates = [each for each in reversed(self.closures) if each not in declared]
        words = {*WORD.findall(migration.script.sql.lower())}
        named = {version: len(words & self._names(version)) for version in candidates}
        return sorted(candidates, key=lambda each: (not named[each], len(self.closures[each]), -named[each]))

    def _names(self, version: str) -> set[str]:
        return {word for _, each in self.effects[version] for word in WORD.findall(each.identity.name.lower())}

    def _closure(self, versions: Iterable[str]) -> frozenset[str]:
        """These versions with all that they require."""
        return frozenset(versions).union(*(self.closures.get(each, ()) for each in versions))

    def _works(self, migration: Migration, others: Sequence[str]) -> bool:
        found = self._run(migration, *others)
        return not found.error and not found.absent

    def _run(self, migration: Migration, *others: str) -> RequiredRun:
        """Runs the migration after its requirements and the others, in an empty database."""
        wanted = self._closure([migration.version, *migration.requires, *others])
        migrations = [each for each in self.manifest.migrations if each.version in wanted]
        if all(each.transactional for each in migrations):
            with rolled_back(self.session):
                return self._outcome_of(migrations, self.session)
        self.session.close()  # if only one connection is allowed, the other database needs it
        with scratch_database(self.admin, self.session.limits, self.manifest.migrations, self.session.home) as session:
            return self._outcome_of(migrations, session)

    def _outcome_of(self, migrations: Sequence[Migration], session: Session) -> RequiredRun:
        try:
            for each in migrations:
                apply(session, each)
        except PermanentError as error:
            return RequiredRun(error=str(error))
        return RequiredRun(absent=self._absent(session, migrations[-1].version))

    def _absent(self, session: Session, version: str) -> tuple[str, ...]:
        """The migration's objects that are missing; of those that it created, also the ones that differ."""
        objects = [wanted for _, wanted in self.effects[version]]
        found = look_up(session, objects, self.manifest.stand_ins)
        absent = [
            wanted.identity
            for maker, wanted in self.effects[version]
            if wanted.identity not in found
            or (maker == version and found[wanted.identity].attributes != wanted.attributes)
        ]
        return tuple(f"{each.kind} {each.qualified(session.home)}" for each in absent)
