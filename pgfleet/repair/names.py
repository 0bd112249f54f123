"""Names as SQL writes them, from the identities of a catalog."""

import re

from pglast import keywords

from pgfleet.catalog.objects import CatalogObject, Identity

PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
KEYWORDS = keywords.RESERVED_KEYWORDS | keywords.COL_NAME_KEYWORDS | keywords.TYPE_FUNC_NAME_KEYWORDS


def quoted(name: str) -> str:
    """The name, in double quotes where it needs them (as PostgreSQL's quote_ident does)."""
    if PLAIN.fullmatch(name) and name not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def within(schema: str | None, name: str) -> str:
    """The name of a relation or type, with its schema unless that is the home schema."""
    return f"{quoted(schema)}.{quoted(name)}" if schema is not None else quoted(name)


def relation(identity: Identity) -> str:
    """What an object with a name of its own in its schema is called."""
    return within(identity.schema, identity.name)


def routine(identity: Identity) -> str:
    """A function with its arguments, which are text of the server's."""
    name, arguments = identity.name.rsplit("(", 1)
    return f"{within(identity.schema, name)}({arguments}"


def table_of(found: CatalogObject) -> str:
    """The table or view that the object is on."""
    assert found.parent is not None, "columns, constraints, indexes, triggers, policies are on a relation"  # noqa: S101
    return within(found.identity.schema, found.parent)


def part_of(found: CatalogObject) -> str:
    """The object's own name, of one that is named with its table: `ai_messages.content` is `content`."""
    label = quoted_if_dotted(found.parent or "")
    name = found.identity.name.removeprefix(f"{label}.")
    return name if "." in name else quoted(name)  # one with a dot is written in quotes already


def quoted_if_dotted(name: str) -> str:
    """As the introspection writes it in a name made of two."""
    return '"' + name.replace('"', '""') + '"' if "." in name else name


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
