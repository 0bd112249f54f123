"""Statements that fix constraints and indexes."""

from collections.abc import Iterator

from pgfleet.catalog.objects import CatalogObject
from pgfleet.repair.model import Hazard, Statement
from pgfleet.repair.names import part_of, table_of, within

ADDING = {
    "PRIMARY": (Hazard.ACCESS_EXCLUSIVE, Hazard.READS_ALL, Hazard.MAY_FAIL),
    "UNIQUE": (Hazard.ACCESS_EXCLUSIVE, Hazard.READS_ALL, Hazard.MAY_FAIL),
    "EXCLUDE": (Hazard.ACCESS_EXCLUSIVE, Hazard.READS_ALL, Hazard.MAY_FAIL),
    "CHECK": (Hazard.ACCESS_EXCLUSIVE, Hazard.READS_ALL, Hazard.MAY_FAIL),
    "FOREIGN": (Hazard.BLOCKS_WRITES, Hazard.READS_ALL, Hazard.MAY_FAIL),
}
"""By the first word of a constraint's definition (PostgreSQL manual, ALTER TABLE)."""


def add_constraint(wanted: CatalogObject) -> Iterator[Statement]:
    """Adds the expected constraint; a foreign key is added late, after the key that it references."""
    definition = str(wanted.attributes["definition"])
    kind = definition.split(" ", 1)[0]
    hazards = tuple(each for each in ADDING[kind] if wanted.attributes["validated"] or each in LOCKS)
    text = f"ALTER TABLE {table_of(wanted)} ADD CONSTRAINT {part_of(wanted)} {definition}"
    yield Statement(text=text, hazards=hazards, is_late=kind == "FOREIGN")


LOCKS = frozenset({Hazard.ACCESS_EXCLUSIVE, Hazard.BLOCKS_WRITES})
NOT_VALID = " NOT VALID"


def change_constraint(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """Validates the constraint if that suffices; otherwise re-creates it, which also enables its triggers."""
    want, have = wanted.attributes, found.attributes
    only_unproven = want["definition"] == str(have["definition"]).removesuffix(NOT_VALID) and want["validated"]
    if only_unproven and not have["validated"] and have["fires"]:
        text = f"ALTER TABLE {table_of(wanted)} VALIDATE CONSTRAINT {part_of(wanted)}"
        yield Statement(text=text, hazards=(Hazard.READS_ALL, Hazard.MAY_FAIL), is_late=True)
        return
    yield drop_constraint(found)
    yield from add_constraint(wanted)


def drop_constraint(found: CatalogObject) -> Statement:
    """Drops the constraint, never with CASCADE."""
    hazards = (Hazard.ACCESS_EXCLUSIVE, *((Hazard.MAY_BE_NEEDED,) if _may_be_referenced(found) else ()))
    return Statement(text=f"ALTER TABLE {table_of(found)} DROP CONSTRAINT {part_of(found)}", hazards=hazards)


def _may_be_referenced(found: CatalogObject) -> bool:
    """Whether a foreign key may depend on it: only on a primary key or a unique constraint."""
    return str(found.attributes["definition"]).startswith(("PRIMARY", "UNIQUE"))


def add_index(wanted: CatalogObject) -> Iterator[Statement]:
    """Creates the expected index, including on the table's partitions."""
    definition = str(wanted.attributes["definition"]).replace(" ON ONLY ", " ON ", 1)
    unique = definition.startswith("CREATE UNIQUE")
    hazards = (Hazard.BLOCKS_WRITES, Hazard.READS_ALL, *((Hazard.MAY_FAIL,) if unique else ()))
    yield Statement(text=definition, hazards=hazards)


def change_index(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """Re-creates the index: only its name and its storage can be altered."""
    yield drop_index(found)
    yield from add_index(wanted)


def drop_index(found: CatalogObject) -> Statement:
    """Drops the index, never with CASCADE; a foreign key may need a unique one."""
    needed = (Hazard.MAY_BE_NEEDED,) if str(found.attributes["definition"]).startswith("CREATE UNIQUE") else ()
    name = within(found.identity.schema, found.identity.name)
    return Statement(text=f"DROP INDEX {name}", hazards=(Hazard.ACCESS_EXCLUSIVE, *needed))
