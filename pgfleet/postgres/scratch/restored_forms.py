"""How the server writes objects down after a dump and restore.

The server does not read its own text back as the same expression in every case: `x IN ('a', 'b')` of a `varchar`, or
`BETWEEN … AND …` next to another condition, come back in another form. An object in this form is as expected.
"""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.catalog.objects import CatalogObject
from pgfleet.errors import DatabaseError
from pgfleet.postgres.read.introspection import CatalogReader
from pgfleet.postgres.scratch.rollback import rolled_back
from pgfleet.postgres.session import Session
from pgfleet.repair.generate.again import is_equal_otherwise, is_made_alone, make_again

MOST_ROUNDS = 3
"""A tenant may have been dumped and restored more than once; so far, every form was stable after the first time."""


def find_restored_forms(
    reader: CatalogReader, objects: Sequence[CatalogObject], made: Iterable[CatalogObject]
) -> dict[str, CatalogObject]:
    """By the digest of each form that a dump and restore gives one of the `made` objects, the object.

    The objects are made again from their own definitions, and read again; all of it is rolled back. `objects` is the
    catalog as it is. Raises transient DatabaseErrors.
    """
    session, forms = reader.session, dict[str, CatalogObject]()
    changed = [each for each in made if any(make_again(each, session.server_major))]
    alone = [each for each in changed if is_made_alone(each, session.server_major)]
    for targets in ([each for each in changed if each not in alone], *([each] for each in alone)):
        if targets:
            with rolled_back(session):
                forms |= dict(_rounds(reader, objects, targets))
    return forms


def _rounds(
    reader: CatalogReader, objects: Sequence[CatalogObject], targets: Sequence[CatalogObject]
) -> Iterator[tuple[str, CatalogObject]]:
    originals = {each.identity: each for each in objects}
    current = dict(originals)
    for _ in range(MOST_ROUNDS):
        _make_again(reader.session, targets)
        found = {each.identity: each for each in reader.read() if each.identity in current}
        targets = [
            each
            for name, each in found.items()
            if each.digest != current[name].digest and is_equal_otherwise(originals[name], each)
        ]
        if not targets:
            return
        current |= {each.identity: each for each in targets}
        yield from ((each.digest, originals[each.identity]) for each in targets)


def _make_again(session: Session, targets: Sequence[CatalogObject]) -> None:
    """All of them in one message, or if that fails, one by one without those that fail."""
    scripts = [";\n".join(each.text for each in make_again(target, session.server_major)) for target in targets]
    if not _runs(session, ";\n".join(scripts)):
        for each in scripts:
            _runs(session, each)


def _runs(session: Session, script: str) -> bool:
    try:
        with session.transaction():
            session.execute(script)
    except DatabaseError as error:
        if error.transient:
            raise
        return False
    return True
