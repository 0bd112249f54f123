"""Which relations are known to be missing in a tenant, so that no query that names one has to be sent."""

from collections.abc import Collection, Iterable, Iterator

from psycopg.sql import Identifier

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.objects import Catalog, Change, Identity, ObjectKind

READABLE = frozenset({ObjectKind.TABLE, ObjectKind.VIEW})


def missing_relations(differences: Iterable[Difference], catalog: Catalog, home: str) -> frozenset[str]:
    """The quoted names of the manifest's tables and views that are missing, and whose names nothing else has."""
    places = {each.place for each in catalog.unexpected} | {each.place for each in catalog.occupied_names}
    gone = (each.expected for each in differences if each.change is Change.MISSING)
    return quoted_names((each.identity for each in gone if each.place not in places), home)


def quoted_names(identities: Iterable[Identity], home: str) -> frozenset[str]:
    """The names of the tables and views among these, quoted: with the schema, and in the home schema also without."""
    return frozenset(name for each in identities if each.kind in READABLE for name in _quoted(each, home))


def absence(tables: Collection[str]) -> str:
    """The server's message for a query that names these relations, which do not exist."""
    return f"relation {min(tables)} does not exist"


def _quoted(identity: Identity, home: str) -> Iterator[str]:
    yield Identifier(identity.schema or home, identity.name).as_string()
    if identity.schema is None:
        yield Identifier(identity.name).as_string()
