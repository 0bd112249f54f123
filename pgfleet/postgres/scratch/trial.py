"""One experiment on objects of an expected catalog: damage them, run their migrations again, look, undo it all."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pgfleet.catalog.expected import ExpectedCatalog, Provenance
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.scope import Scope, scope_of
from pgfleet.errors import DatabaseError
from pgfleet.manifest.model import Migration
from pgfleet.postgres.read.introspection import catalog_query, read_catalog_row
from pgfleet.postgres.scratch.mutations import dropping
from pgfleet.postgres.session import Session

Batch = Sequence[Provenance]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A scratch database with the expected catalog in it, and the scripts that made it."""

    session: Session
    migrations: Mapping[str, Migration]
    expected: ExpectedCatalog

    def scripts(self, batch: Batch) -> tuple[Migration, ...]:
        """The migrations that made and changed the objects, in the manifest's order."""
        versions = {step.version for each in batch for step in each.steps}
        return tuple(migration for version, migration in self.migrations.items() if version in versions)

    def needs_outside(self, provenance: Provenance) -> bool:
        """Whether a script of it refuses to run in a transaction, so that nothing can be rolled back."""
        return not all(each.transactional for each in self.scripts([provenance]))

    def whole(self, batch: Batch) -> frozenset[Identity]:
        """Those objects of the batch that are there and exactly as expected. Raises a DatabaseError."""
        kinds = tuple(dict.fromkeys(each.object.identity.kind for each in batch))
        query = catalog_query(
            self._scope(batch, kinds), home=self.session.home, equivalents=self.expected.equivalents, kinds=kinds
        )
        [[row]] = self.session.fetch(query)
        found = {each.identity: each for each in read_catalog_row(row, home=self.session.home).managed or ()}
        wanted = (each.object for each in batch)
        return frozenset(each.identity for each in wanted if _is_same(each, found.get(each.identity)))

    def _scope(self, batch: Batch, kinds: tuple[ObjectKind, ...]) -> Scope:
        """All that the manifest manages; of columns, which are many, the tables that they are in alone."""
        if kinds != (ObjectKind.COLUMN,):
            return self.expected.scope
        tables = {(each.object.identity.schema, each.object.parent) for each in batch}
        everything = (each.object for each in self.expected.provenances)
        wanted = (each for each in everything if (each.identity.schema, each.identity.name) in tables)
        return scope_of([*wanted, *(each.object for each in batch)])


Damage = Callable[[Bench, Batch], frozenset[Identity]]
"""Damages every object of a batch as far as the server lets it, and says which are damaged."""


class _Undone(Exception):
    """Ends an experiment: all of it is rolled back."""


def reapply(bench: Bench, batch: Batch, damage: Damage) -> frozenset[Identity]:
    """Which of the damaged objects are exactly as they were after their migrations. Raises a DatabaseError."""
    restored: frozenset[Identity] = frozenset()
    with suppress(_Undone), bench.session.transaction():
        damaged = damage(bench, batch)
        for migration in bench.scripts(batch) if damaged else ():
            bench.session.run_script(migration.script)
        restored = damaged & bench.whole(batch) if damaged else damaged
        raise _Undone
    return restored


def reapply_outside(bench: Bench, provenance: Provenance, damage: Damage) -> frozenset[Identity]:
    """The same of an index that is built in no transaction: it is put back by its own definition afterwards."""
    batch, session = [provenance], bench.session
    restored: frozenset[Identity] = frozenset()
    try:
        damaged = damage(bench, batch)
        for migration in bench.scripts(batch) if damaged else ():
            run = session.run_script if migration.transactional else session.run_outside_transaction
            run(migration.script)
        restored = damaged & bench.whole(batch)
    except DatabaseError as error:
        if error.transient:
            raise
    if not bench.whole(batch):
        session.run_script(f"{dropping(provenance.object, session.home)}; {provenance.object.definition}")
    return restored


def _is_same(wanted: CatalogObject, found: CatalogObject | None) -> bool:
    return found is not None and found.attributes == wanted.attributes
