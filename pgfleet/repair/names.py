"""SQL names of catalog objects."""

import re
from functools import lru_cache

from pgfleet.catalog.objects import CatalogObject, Identity
from pgfleet.parser.parse import is_reserved

PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


@lru_cache(maxsize=10_000)
def quoted(name: str) -> str:
    """The name, in double quotes if necessary (like PostgreSQL's quote_ident)."""
    if PLAIN.fullmatch(name) and not is_reserved(name):
        return name
    return '"' + name.replace('"', '""') + '"'


def within(schema: str | None, name: str) -> str:
    """The name of a relation or type, qualified unless its schema is the home schema."""
    return f"{quoted(schema)}.{quoted(name)}" if schema is not None else quoted(name)


def relation(identity: Identity) -> str:
    """The name of an object that is named directly in its schema."""
    return within(identity.schema, identity.name)


def routine(identity: Identity) -> str:
    """A function with its arguments, which are the server's text."""
    name, arguments = identity.name.rsplit("(", 1)
    return f"{within(identity.schema, name)}({arguments}"


def table_of(found: CatalogObject) -> str:
    """The table or view that the object is on."""
    assert found.parent is not None, "the object must be on a relation"  # noqa: S101
    return within(found.identity.schema, found.parent)


def part_of(found: CatalogObject) -> str:
    """The quoted name of an object that is part of a relation: `ai_messages.content` is `content`."""
    name = found.part
    return name if "." in name else quoted(name)  # a name with a dot is quoted already


def own_name(found: CatalogObject) -> str:
    """The bare name of an object that is part of a relation, without that of the relation."""
    own = found.part
    return own[1:-1].replace('""', '"') if "." in own else own


def is_named_in(text: str, name: str) -> bool:
    """Whether the text contains the name, quoted if it must be, as a word of its own."""
    return bool(re.search(rf'(?<![\w"]){re.escape(name)}(?![\w"])', text))


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
