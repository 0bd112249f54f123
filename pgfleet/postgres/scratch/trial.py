"""One trial with objects of an expected catalog: mutate them, rerun their migrations, compare, and undo all of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pgfleet.catalog.expected import ExpectedCatalog, Provenance
from pgfleet.catalog.objects import CatalogObject, Identity
from pgfleet.errors import PermanentError
from pgfleet.manifest.model import Migration
from pgfleet.postgres.scratch.lookup import look_up
from pgfleet.postgres.scratch.mutations import drop_statement
from pgfleet.postgres.scratch.scripts import apply, rolled_back
from pgfleet.postgres.session import Session

Batch = Sequence[Provenance]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialDatabase:
    """A scratch database with the expected catalog, and the migrations that created it."""

    session: Session
    migrations: Mapping[str, Migration]
    expected: ExpectedCatalog

    def scripts(self, batch: Batch) -> tuple[Migration, ...]:
        """The migrations that created and changed the objects, in the manifest's order."""
        versions = {step.version for each in batch for step in each.steps}
        return tuple(migration for version, migration in self.migrations.items() if version in versions)

    def needs_outside(self, provenance: Provenance) -> bool:
        """Whether one of its scripts cannot run in a transaction, and so cannot be rolled back."""
        return not all(each.transactional for each in self.scripts([provenance]))

    def unchanged(self, batch: Batch) -> frozenset[Identity]:
        """The objects of the batch that are exactly as expected. Raises a DatabaseError."""
        wanted = [each.object for each in batch]
        found = look_up(self.session, wanted, self.expected.equivalents)
        return frozenset(each.identity for each in wanted if _is_same(each, found.get(each.identity)))


Mutation = Callable[[TrialDatabase, Batch], frozenset[Identity]]
"""Mutates the objects of a batch as far as the server allows, and returns those that changed."""


def try_reapply(database: TrialDatabase, batch: Batch, mutate: Mutation) -> frozenset[Identity]:
    """The mutated objects that a rerun of their migrations restores. Raises a DatabaseError."""
    with rolled_back(database.session):
        mutated = mutate(database, batch)
        if not mutated:
            return mutated
        for migration in database.scripts(batch):
            database.session.run_script(migration.script)
        return mutated & database.unchanged(batch)


def try_reapply_outside(database: TrialDatabase, provenance: Provenance, mutate: Mutation) -> frozenset[Identity]:
    """The same for an index that is built outside a transaction; its definition restores it afterwards."""
    batch, session = [provenance], database.session
    restored: frozenset[Identity] = frozenset()
    with suppress(PermanentError):
        mutated = mutate(database, batch)
        for migration in database.scripts(batch) if mutated else ():
            apply(session, migration)
        restored = mutated & database.unchanged(batch)
    if not database.unchanged(batch):
        session.run_script(f"{drop_statement(provenance.object, session.home)}; {provenance.object.definition}")
    return restored


def _is_same(wanted: CatalogObject, found: CatalogObject | None) -> bool:
    return found is not None and found.attributes == wanted.attributes
