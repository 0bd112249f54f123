"""Statements that put a view right."""

from collections.abc import Iterator

from pgfleet.catalog.model import CatalogObject
from pgfleet.repair.model import Hazard, Statement
from pgfleet.repair.names import relation
from pgfleet.repair.tables import change_rules


def is_replaceable(wanted: CatalogObject, found: CatalogObject) -> bool:
    """Whether CREATE OR REPLACE VIEW will do: it may add columns, never alter one that is there."""
    if wanted.attributes["materialized"] or found.attributes["materialized"]:
        return False
    there = found.attributes["columns"] or []
    return list(wanted.attributes["columns"] or [])[: len(there)] == there


def replace_view(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """In place: what depends on it and what is granted on it stays."""
    text = view_itself(wanted).replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
    yield Statement(text=text, hazards=(Hazard.ACCESS_EXCLUSIVE,))
    yield from change_rules(
        relation(wanted.identity), wanted.attributes["rules"] or (), found.attributes["rules"] or ()
    )


def drop_view(found: CatalogObject) -> Statement:
    """Never with CASCADE."""
    materialized = "MATERIALIZED " if found.attributes["materialized"] else ""
    hazards = (Hazard.MAY_BE_NEEDED, Hazard.LOSES_GRANTS)
    return Statement(text=f"DROP {materialized}VIEW {relation(found.identity)}", hazards=hazards)


def add_view(wanted: CatalogObject) -> Iterator[Statement]:
    """The view with its rules; a materialised one is filled."""
    yield Statement(text=view_itself(wanted))
    yield from change_rules(relation(wanted.identity), wanted.attributes["rules"] or (), ())


def view_itself(wanted: CatalogObject) -> str:
    """Its definition without the rules that follow it."""
    return wanted.definition.removesuffix("".join(f";\n{each}" for each in wanted.attributes["rules"] or ()))
