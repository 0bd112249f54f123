"""Which of the manifest's objects in a tenant are as expected, so that statements may run what they contain."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from psycopg.sql import Identifier

from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.postgres.guard import Trust


def trust_in(expected: Mapping[Identity, CatalogObject], home: str, *, differing: Collection[Identity] = ()) -> Trust:
    """The expected functions, tables, and views; none of a name of which one is among the `differing`."""
    wrong = {_named(each) for each in differing}
    right = [each for each in expected if _named(each) not in wrong]
    functions = (each for each in right if each.kind is ObjectKind.FUNCTION)
    return Trust(
        functions=Counter((each.schema or home, _name(each)) for each in functions),
        tables=frozenset(_quoted(each, home) for each in right if each.kind is ObjectKind.TABLE),
        views=frozenset(_quoted(each, home) for each in right if each.kind is ObjectKind.VIEW),
    )


def trust_also(trust: Trust, view: Identity, home: str) -> Trust:
    """The same with a view that was created from its expected definition since."""
    return replace(trust, views=trust.views | {_quoted(view, home)})


def _quoted(identity: Identity, home: str) -> str:
    return Identifier(identity.schema or home, identity.name).as_string()


def _named(identity: Identity) -> tuple[ObjectKind, str | None, str]:
    return identity.kind, identity.schema, _name(identity)


def _name(identity: Identity) -> str:
    """The name, of functions without arguments."""
    return identity.name.split("(", 1)[0] if identity.kind is ObjectKind.FUNCTION else identity.name
