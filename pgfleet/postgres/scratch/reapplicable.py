"""Finds out, by experiment, which objects a rerun of their migrations puts right."""

from collections.abc import Callable, Iterable
from itertools import chain

from pgfleet.catalog.expected import ExpectedCatalog, Provenance
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.reapply import Reapplicable
from pgfleet.errors import DatabaseError
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.scratch.mutations import altering, dropping
from pgfleet.postgres.scratch.trial import Batch, Bench, Damage, reapply, reapply_outside
from pgfleet.postgres.session import Session

Versions = tuple[str, ...]


def find_reruns(manifest: Manifest, session: Session, expected: ExpectedCatalog) -> Reapplicable:
    """Drops and alters each object, runs its migrations again, and looks whether it is exactly as it was.

    `session` is that of a scratch database in which the manifest was replayed; it is left as it was found. What raises
    an error counts as not healed. Raises transient DatabaseErrors.
    """
    bench = Bench(session=session, migrations={each.version: each for each in manifest.migrations}, expected=expected)
    inside = [each for each in expected.provenances if not bench.needs_outside(each)]
    alone = [each for each in expected.provenances if bench.needs_outside(each) and _is_index(each)]
    alterable = [each for each in inside if altering(each.object, session.home)]
    droppable = [each for each in inside if dropping(each.object, session.home)]
    again = _rerunnable(bench, inside)
    missing = [_restored(bench, batch, _drop) for batch in _batches(droppable, again, _place)]
    changed = [_restored(bench, batch, _alter) for batch in _batches(alterable, again, _kind)]
    return Reapplicable(
        missing=frozenset(chain(*missing, *(reapply_outside(bench, each, _drop) for each in alone))),
        altered=frozenset(each.object.identity for each in (*alterable, *alone)),
        changed=frozenset(chain(*changed, *(reapply_outside(bench, each, _alter) for each in alone))),
    )


def _restored(bench: Bench, batch: Batch, damage: Damage) -> frozenset[Identity]:
    """Which of the objects come back: damaged all at once, or each by itself where the scripts then cannot be run."""
    try:
        return reapply(bench, batch, damage)
    except DatabaseError as error:
        if error.transient:
            raise
    if len(batch) == 1:
        return frozenset()
    return frozenset(chain(*(_restored(bench, [each], damage) for each in batch)))


def _drop(bench: Bench, batch: Batch) -> frozenset[Identity]:
    statements = (dropping(each.object, bench.session.home) for each in batch)
    bench.session.run_script(";\n".join(filter(None, statements)))
    return frozenset(each.object.identity for each in batch)


def _alter(bench: Bench, batch: Batch) -> frozenset[Identity]:
    """An alteration that the server does not take is left out; what is whole after all of them was not damaged."""
    for script in chain.from_iterable(altering(each.object, bench.session.home) for each in batch):
        try:
            bench.session.run_script(script)
        except DatabaseError as error:
            if error.transient:
                raise
    return frozenset(each.object.identity for each in batch) - bench.whole(batch)


def _rerunnable(bench: Bench, provenances: Batch) -> frozenset[Versions]:
    """The migrations of an object that can be run again where everything is there."""
    samples = {_versions(each): each for each in provenances}
    return frozenset(versions for versions, each in samples.items() if _runs_again(bench, [each]))


def _runs_again(bench: Bench, batch: Batch) -> bool:
    """Whether the migrations of the objects can be run where everything is there."""
    try:
        reapply(bench, batch, lambda _, batch: frozenset(each.object.identity for each in batch))
    except DatabaseError as error:
        if error.transient:
            raise
        return False
    return True


def _batches(
    provenances: Iterable[Provenance], again: frozenset[Versions], likeness: Callable[[CatalogObject], object]
) -> list[Batch]:
    """Objects that are alike and have the same migrations, together: each experiment takes a look, which is dear.

    Where the scripts cannot be run on a whole database, each object by itself: if the tables of one script are all
    dropped it may run, and if one of them is it may not.
    """
    batches: dict[object, list[Provenance]] = {}
    for each in provenances:
        versions = _versions(each)
        key = (likeness(each.object), versions if versions in again else each.object.identity)
        batches.setdefault(key, []).append(each)
    return list(batches.values())


def _versions(provenance: Provenance) -> Versions:
    return tuple(step.version for step in provenance.steps)


def _kind(found: CatalogObject) -> object:
    return found.identity.kind


def _place(found: CatalogObject) -> object:
    """A table's columns and constraints stand in each other's way less than those of several tables."""
    return (found.identity.kind, found.identity.schema, found.parent)


def _is_index(provenance: Provenance) -> bool:
    return provenance.object.identity.kind is ObjectKind.INDEX
