"""Statements that fix functions, triggers, policies, extensions, and privileges: objects without rows."""

from collections.abc import Iterator

from pgfleet.catalog.objects import CatalogObject
from pgfleet.repair.model import Hazard, Statement
from pgfleet.repair.names import literal, part_of, quoted, routine, table_of

SIGNATURE = ("kind", "arguments", "returns")
FIRES = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
LOCK = (Hazard.ACCESS_EXCLUSIVE,)
WRITES = (Hazard.BLOCKS_WRITES,)


def must_be_dropped(wanted: CatalogObject, found: CatalogObject) -> bool:
    """Whether CREATE OR REPLACE would fail because the kind, the arguments, or the result type differ."""
    return any(wanted.attributes[key] != found.attributes[key] for key in SIGNATURE)


def drop_function(found: CatalogObject) -> Statement:
    """Drops the function, never with CASCADE."""
    return Statement(
        text=f"DROP ROUTINE {routine(found.identity)}", hazards=(Hazard.MAY_BE_NEEDED, Hazard.LOSES_GRANTS)
    )


def add_trigger(wanted: CatalogObject) -> Iterator[Statement]:
    """Creates the expected trigger, enabled as expected."""
    yield Statement(text=str(wanted.attributes["definition"]), hazards=WRITES, is_late=True)
    if wanted.attributes["enabled"] != "O":
        yield _fire(wanted)


def change_trigger(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """Enables or disables the trigger if that suffices; otherwise re-creates it."""
    if wanted.attributes["definition"] == found.attributes["definition"]:
        yield _fire(wanted)
        return
    yield drop_trigger(found)
    yield from add_trigger(wanted)


def drop_trigger(found: CatalogObject) -> Statement:
    """Drops the trigger, if the object that it depends on has not taken it along."""
    return Statement(text=f"DROP TRIGGER IF EXISTS {part_of(found)} ON {table_of(found)}", hazards=LOCK)


def _fire(wanted: CatalogObject) -> Statement:
    text = f"ALTER TABLE {table_of(wanted)} {FIRES[wanted.attributes['enabled']]} TRIGGER {part_of(wanted)}"
    return Statement(text=text, hazards=WRITES, is_late=True)


def add_policy(wanted: CatalogObject) -> Iterator[Statement]:
    """Creates the expected policy, late because it may read other objects."""
    yield Statement(text=wanted.definition, hazards=LOCK, is_late=True)


def change_policy(wanted: CatalogObject) -> Iterator[Statement]:
    """Re-creates the policy: its command and whether it is permissive cannot be altered."""
    yield drop_policy(wanted)
    yield from add_policy(wanted)


def drop_policy(found: CatalogObject) -> Statement:
    """Drops the policy, if the object that it depends on has not taken it along."""
    return Statement(text=f"DROP POLICY IF EXISTS {part_of(found)} ON {table_of(found)}", hazards=LOCK)


def update_extension(wanted: CatalogObject) -> Statement:
    """Updates the extension to the version that a new tenant on this server gets."""
    version = literal(wanted.attributes["version"])
    return Statement(text=f"ALTER EXTENSION {quoted(wanted.identity.name)} UPDATE TO {version}")


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
