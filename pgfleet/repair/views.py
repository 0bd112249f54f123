"""Statements that put a view right."""

from collections.abc import Iterator, Sequence

from pgfleet.catalog.model import CatalogObject
from pgfleet.manifest.statements import split
from pgfleet.repair.model import Hazard, Statement
from pgfleet.repair.names import quoted, relation
from pgfleet.repair.tables import change_rules

DEFAULT = " DEFAULT "
REPLACED = frozenset({"query", "options", "columns"})
"""What CREATE OR REPLACE VIEW sets; of the columns only those that it adds."""


def is_replaceable(wanted: CatalogObject, found: CatalogObject) -> bool:
    """Whether CREATE OR REPLACE VIEW will do: it may add columns, never alter one that is there."""
    if wanted.attributes["materialized"] or found.attributes["materialized"]:
        return False
    there = _columns(found)
    return _columns(wanted)[: len(there)] == there


def is_wholly_replaced(wanted: CatalogObject, found: CatalogObject) -> bool:
    """Whether nothing is wrong with the view but what CREATE OR REPLACE VIEW sets."""
    wrong = {key for key in wanted.attributes if wanted.attributes[key] != found.attributes[key]}
    return is_replaceable(wanted, found) and wrong <= REPLACED and not any(map(_default, _named(found)))


def replace_view(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """In place: what depends on it and what is granted on it stays."""
    text = _itself(wanted).replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
    yield Statement(text=text, hazards=(Hazard.ACCESS_EXCLUSIVE,))
    wanted_defaults = {_name(each): _default(each) for each in _named(wanted)}
    for each in _named(found):
        if _default(each) and not wanted_defaults.get(_name(each)):
            action = f"ALTER COLUMN {quoted(_name(each))} DROP DEFAULT"
            yield Statement(text=f"ALTER VIEW {relation(wanted.identity)} {action}")
    yield from _defaults(wanted)
    yield from change_rules(
        relation(wanted.identity), wanted.attributes["rules"] or (), found.attributes["rules"] or ()
    )


def drop_view(found: CatalogObject) -> Statement:
    """Never with CASCADE."""
    materialized = "MATERIALIZED " if found.attributes["materialized"] else ""
    hazards = (Hazard.MAY_BE_NEEDED, Hazard.LOSES_GRANTS)
    return Statement(text=f"DROP {materialized}VIEW {relation(found.identity)}", hazards=hazards)


def add_view(wanted: CatalogObject) -> Iterator[Statement]:
    """The view with its columns' defaults and its rules; a materialised one is filled."""
    yield Statement(text=_itself(wanted))
    yield from _defaults(wanted)
    yield from change_rules(relation(wanted.identity), wanted.attributes["rules"] or (), ())


def _itself(wanted: CatalogObject) -> str:
    """Its definition, up to the end of its query."""
    query = str(wanted.attributes["query"])
    return wanted.definition[: wanted.definition.index(query) + len(query)]


def _defaults(wanted: CatalogObject) -> Iterator[Statement]:
    rules = "".join(f";\n{each}" for each in wanted.attributes["rules"] or ())
    rest = wanted.definition.removesuffix(rules)[len(_itself(wanted)) :]
    yield from (Statement(text=each.text) for each in split(rest.lstrip(";")))


def _named(view: CatalogObject) -> Sequence[str]:
    columns: Sequence[str] = view.attributes["columns"] or ()
    return columns


def _columns(view: CatalogObject) -> list[str]:
    """Name and type of each."""
    return [each.split(DEFAULT, 1)[0] for each in _named(view)]


def _default(column: str) -> str:
    return column.partition(DEFAULT)[2]


def _name(column: str) -> str:
    return column.split(" ", 1)[0]
