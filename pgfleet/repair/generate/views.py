"""Statements that fix a view."""

import re
from collections.abc import Iterator, Sequence

from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.parser.statements import split
from pgfleet.repair.generate.tables import change_rules
from pgfleet.repair.model import Hazard, Statement
from pgfleet.repair.names import relation

DEFAULT = " DEFAULT "
COLUMN = re.compile(r'ALTER VIEW ("(?:[^"]|"")+"|[^" ])+ ALTER COLUMN ("(?:[^"]|"")+"|[^" ]+)')
REPLACED = frozenset({"query", "options", "columns"})
"""The attributes that CREATE OR REPLACE VIEW sets; it can add columns but not change them."""


def is_replaceable(wanted: CatalogObject, found: CatalogObject) -> bool:
    """Whether CREATE OR REPLACE VIEW succeeds: it can add columns but not change existing ones."""
    if wanted.attributes["materialized"] or found.attributes["materialized"]:
        return False
    existing = _columns(found)
    return _columns(wanted)[: len(existing)] == existing


def is_fixed_by_replacing(wanted: CatalogObject, found: CatalogObject) -> bool:
    """Whether CREATE OR REPLACE VIEW fixes everything that differs."""
    wrong = {key for key in wanted.attributes if wanted.attributes[key] != found.attributes[key]}
    return is_replaceable(wanted, found) and wrong <= REPLACED and not any(map(_default, _named(found)))


def replace_view(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """Replaces the view in place, keeping its dependents and privileges."""
    text = _create_view(wanted).replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
    yield Statement(text=text, hazards=(Hazard.ACCESS_EXCLUSIVE,))
    kept = {_column(each) for each in _defaults(wanted)}
    for each in _defaults(found):
        if _column(each) not in kept:
            yield Statement(text=f"{_column(each)} DROP DEFAULT")
    yield from _defaults(wanted)
    yield from change_rules(
        relation(wanted.identity), wanted.attributes["rules"] or (), found.attributes["rules"] or ()
    )


def creating(wanted: CatalogObject) -> tuple[str, ...]:
    """The texts of the statements that create or replace the object, if it is a view."""
    if wanted.identity.kind is not ObjectKind.VIEW:
        return ()
    text = _create_view(wanted)
    return text, text.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)


def drop_view(found: CatalogObject) -> Statement:
    """Drops the view, never with CASCADE. The view may be missing if it is dropped for a column that it reads."""
    materialized = "MATERIALIZED " if found.attributes["materialized"] else ""
    hazards = (Hazard.MAY_BE_NEEDED, Hazard.LOSES_GRANTS)
    return Statement(text=f"DROP {materialized}VIEW IF EXISTS {relation(found.identity)}", hazards=hazards)


def add_view(wanted: CatalogObject) -> Iterator[Statement]:
    """Creates the view with its column defaults and rules; a materialized view is populated."""
    yield Statement(text=_create_view(wanted))
    yield from _defaults(wanted)
    yield from change_rules(relation(wanted.identity), wanted.attributes["rules"] or (), ())


def _create_view(wanted: CatalogObject) -> str:
    """The view's definition up to the end of its query, without defaults and rules."""
    query = str(wanted.attributes["query"])
    return wanted.definition[: wanted.definition.index(query) + len(query)]


def _defaults(wanted: CatalogObject) -> Iterator[Statement]:
    rules = "".join(f";\n{each}" for each in wanted.attributes["rules"] or ())
    rest = wanted.definition.removesuffix(rules)[len(_create_view(wanted)) :]
    yield from (Statement(text=each.text) for each in split(rest.lstrip(";")))


def _named(view: CatalogObject) -> Sequence[str]:
    columns: Sequence[str] = view.attributes["columns"] or ()
    return columns


def _columns(view: CatalogObject) -> list[str]:
    """The name and type of every column."""
    return [each.split(DEFAULT, 1)[0] for each in _named(view)]


def _default(column: str) -> str:
    return column.partition(DEFAULT)[2]


def _column(set_default: Statement) -> str:
    """`ALTER VIEW v ALTER COLUMN c` from the statement that sets its default."""
    found = COLUMN.match(set_default.text)
    return found[0] if found else ""
