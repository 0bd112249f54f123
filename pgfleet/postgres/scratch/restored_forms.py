"""How the server writes objects down after a dump and restore.

The server does not read its own text back as the same expression in every case: `x IN ('a', 'b')` of a `varchar`, or
`BETWEEN … AND …` next to another condition, come back in another form. An object in this form is as expected.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.errors import PermanentError
from pgfleet.postgres.scratch.lookup import look_up
from pgfleet.postgres.scratch.scripts import rolled_back
from pgfleet.postgres.session import Session
from pgfleet.repair.generate.again import is_equal_otherwise, is_made_alone, make_again

MOST_ROUNDS = 3
"""A tenant may have been dumped and restored more than once; so far, every form was stable after the first time."""
Form = tuple[str, CatalogObject]
"""The digest of an object's other form, and the object."""


def find_restored_forms(
    session: Session,
    objects: Sequence[CatalogObject],
    made: Iterable[CatalogObject],
    equivalents: Mapping[str, str],
) -> Iterator[Form]:
    """The forms that a dump and restore gives the `made` objects; `objects` are all of the catalog.

    The objects are made again from their own definitions, and read again; all of it is rolled back. `equivalents` maps
    a column default to the one that stands for it. Raises transient DatabaseErrors.
    """
    changed = [each for each in made if any(make_again(each, session.server_major))]
    alone = [each for each in changed if is_made_alone(each, session.server_major)]
    together = [each for each in changed if each not in alone]
    for targets in ([*together, *_namesakes(together, objects)], *([each] for each in alone)):
        if targets:
            with rolled_back(session):
                yield from _rounds(session, targets, equivalents)


def _namesakes(made: Sequence[CatalogObject], objects: Sequence[CatalogObject]) -> Iterator[CatalogObject]:
    """Constraints of the same names: one that a table inherits is only made again with the original."""
    names = {each.part for each in made if each.identity.kind is ObjectKind.CONSTRAINT}
    known = {each.identity for each in made}
    for each in objects:
        if each.identity.kind is ObjectKind.CONSTRAINT and each.part in names and each.identity not in known:
            yield each


def _rounds(session: Session, targets: Sequence[CatalogObject], equivalents: Mapping[str, str]) -> Iterator[Form]:
    originals: Mapping[Identity, CatalogObject] = {each.identity: each for each in targets}
    current = dict(originals)
    for _ in range(MOST_ROUNDS):
        _make_again(session, targets)
        found = look_up(session, [*originals.values()], equivalents)
        targets = [
            each
            for name, each in found.items()
            if name in current and each.digest != current[name].digest and is_equal_otherwise(originals[name], each)
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
    except PermanentError:
        return False
    return True
