"""Statements that fix a type."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgfleet.catalog.objects import CatalogObject
from pgfleet.repair.model import Hazard, ManualRepairNeeded, Statement
from pgfleet.repair.names import literal, quoted, relation

ATTRIBUTE = re.compile(r'("(?:[^"]|"")+"|\S+) (.*)', re.DOTALL)
CHECKED = (Hazard.READS_ALL, Hazard.MAY_FAIL)


def change_type(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """Changes that ALTER TYPE and ALTER DOMAIN support. Raises ManualRepairNeeded for others."""
    want, have, name = wanted.attributes, found.attributes, relation(wanted.identity)
    if want["form"] != have["form"]:
        raise ManualRepairNeeded(f"it is not of the expected form {want['form']}, and columns may use it")
    if want["form"] == "enum":
        yield from _change_enum(name, want["labels"] or (), have["labels"] or ())
    elif want["form"] == "composite":
        yield from _change_composite(name, want["attributes"] or (), have["attributes"] or ())
    elif want["form"] == "domain":
        yield from change_domain(wanted, found.attributes)
    else:
        raise ManualRepairNeeded("a range type cannot be altered")


def _change_enum(name: str, wanted: Sequence[str], found: Sequence[str]) -> Iterator[Statement]:
    """Labels can be added and renamed, but not removed or reordered (PostgreSQL manual, 8.7.4).

    A single unexpected label in the place of an expected one is treated as renamed.
    """
    if renamed := _renamed(wanted, found):
        old, new = renamed
        text = f"ALTER TYPE {name} RENAME VALUE {literal(old)} TO {literal(new)}"
        yield Statement(text=text, hazards=(Hazard.CHANGES_ROWS,))
        return
    if [each for each in wanted if each in found] != list(found):
        raise ManualRepairNeeded("it has an unexpected label, or its labels are in another order; rows may use them")
    for place, label in enumerate(wanted):
        if label not in found:
            where = f" AFTER {literal(wanted[place - 1])}" if place else f" BEFORE {literal(found[0])}" if found else ""
            yield Statement(text=f"ALTER TYPE {name} ADD VALUE {literal(label)}{where}")


def _renamed(wanted: Sequence[str], found: Sequence[str]) -> tuple[str, str] | None:
    pairs = [(have, want) for have, want in zip(found, wanted, strict=False) if have != want]
    is_one = len(pairs) == 1 and len(wanted) == len(found)
    return pairs[0] if is_one else None


def _change_composite(name: str, wanted: Sequence[str], found: Sequence[str]) -> Iterator[Statement]:
    want, have = _attributes(wanted), _attributes(found)
    kept = [each for each in want if each in have]
    if kept != [each for each in have if each in want] or list(want)[: len(kept)] != kept:
        raise ManualRepairNeeded("its attributes are in another order")
    if unexpected := [each for each in have if each not in want]:
        raise ManualRepairNeeded(f"it has unexpected attributes, which rows may use: {', '.join(unexpected)}")
    for attribute, definition in want.items():
        if attribute not in have:
            text = f"ALTER TYPE {name} ADD ATTRIBUTE {attribute} {definition}"
            yield Statement(text=text, hazards=(Hazard.MAY_FAIL,))
        elif have[attribute] != definition:
            text = f"ALTER TYPE {name} ALTER ATTRIBUTE {attribute} TYPE {definition}"
            raise ManualRepairNeeded(f"{text} works only if no table has a column of this type")


def missing_attributes(wanted: CatalogObject, found: CatalogObject) -> list[str]:
    """The quoted names of the attributes that the type found no longer has, if both are composite."""
    want, have = (_attributes(each.attributes.get("attributes") or ()) for each in (wanted, found))
    return [each for each in want if each not in have] if have else []


def _attributes(definitions: Sequence[str]) -> dict[str, str]:
    return {found[1]: found[2] for each in definitions if (found := ATTRIBUTE.fullmatch(each))}


def change_domain(wanted: CatalogObject, have: Mapping[str, Any]) -> Iterator[Statement]:
    """Changes a domain that has the attributes `have`. Raises ManualRepairNeeded if its base type differs."""
    want, domain = wanted.attributes, relation(wanted.identity)
    if want["base"] != have["base"]:
        raise ManualRepairNeeded(f"its base type is {have['base']}, which cannot be altered")
    if want["default"] != have["default"]:
        action = f"SET DEFAULT {want['default']}" if want["default"] is not None else "DROP DEFAULT"
        yield Statement(text=f"ALTER DOMAIN {domain} {action}")
    for name, definition in have["constraints"].items():
        if want["constraints"].get(name) != definition:
            yield drop_domain_constraint(wanted, name)
    for name, definition in want["constraints"].items():
        if have["constraints"].get(name) != definition:
            yield Statement(text=f"ALTER DOMAIN {domain} ADD CONSTRAINT {quoted(name)} {definition}", hazards=CHECKED)
    if want["not_null"] != have["not_null"]:
        action, hazards = ("SET", CHECKED) if want["not_null"] else ("DROP", ())
        yield Statement(text=f"ALTER DOMAIN {domain} {action} NOT NULL", hazards=hazards)


def drop_domain_constraint(domain: CatalogObject, name: str) -> Statement:
    """Drops the constraint of that name."""
    return Statement(text=f"ALTER DOMAIN {relation(domain.identity)} DROP CONSTRAINT {quoted(name)}")
