"""Statements that fix a privilege."""

from collections.abc import Iterator

from pgfleet.catalog.objects import CatalogObject
from pgfleet.repair.model import Statement
from pgfleet.repair.names import literal


def add_privilege(wanted: CatalogObject) -> Iterator[Statement]:
    """Grants the privilege, or revokes it from PUBLIC."""
    yield _run(wanted, wanted.definition)


def change_privilege(wanted: CatalogObject) -> Iterator[Statement]:
    """Changes the grant option; what is granted, and to whom, is part of the privilege's identity."""
    if wanted.attributes["grantable"]:
        yield _run(wanted, wanted.definition)
        return
    granted, grantee = wanted.definition.removeprefix("GRANT ").rsplit(" TO ", 1)
    yield _run(wanted, f"REVOKE GRANT OPTION FOR {granted} FROM {grantee}")


def _run(wanted: CatalogObject, text: str) -> Statement:
    """The statement; the home schema, whose name differs between tenants, is the first one of the search path."""
    if wanted.identity.schema is not None or wanted.attributes["object"] != "SCHEMA":
        return Statement(text=text, is_late=True)
    before, _, rest = text.partition(" ON SCHEMA ")
    after = rest[rest.rindex(" TO " if " TO " in rest else " FROM ") :]
    template = literal(f"{before} ON SCHEMA %I{after.replace('%', '%%')}")
    body = f"BEGIN EXECUTE pg_catalog.format({template}, pg_catalog.current_schema()); END"
    return Statement(text=f"DO {literal(body)}", is_late=True)
