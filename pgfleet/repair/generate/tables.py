"""Statements that fix a table's own attributes: persistence, row security, parents, and rules."""

import re
from collections.abc import Iterator, Sequence

from pgfleet.catalog.objects import CatalogObject
from pgfleet.repair.model import Hazard, ManualRepairNeeded, Statement
from pgfleet.repair.names import relation

RULE = re.compile(r'CREATE RULE ("(?:[^"]|"")+"|\S+) AS')
SWITCHED_OFF = re.compile(r" \(SWITCHED OFF: .\)$")
LOCK = (Hazard.ACCESS_EXCLUSIVE,)
SHAPE = ("form", "partition_key", "server")


def change_table(wanted: CatalogObject, found: CatalogObject) -> Iterator[Statement]:
    """Alters the attributes that differ. Raises ManualRepairNeeded if the table's form cannot be altered."""
    want, have, table = wanted.attributes, found.attributes, relation(wanted.identity)
    for key in SHAPE:
        if want[key] != have[key]:
            actual = have[key] or "not partitioned"
            raise ManualRepairNeeded(f"its {key.replace('_', ' ')} is {actual}: re-create the table and copy its rows")
    if want["of_type"] != have["of_type"]:
        action = f"OF {want['of_type']}" if want["of_type"] else "NOT OF"
        yield Statement(text=f"ALTER TABLE {table} {action}", hazards=LOCK)
    if want["unlogged"] != have["unlogged"]:
        text = f"ALTER TABLE {table} SET {'UNLOGGED' if want['unlogged'] else 'LOGGED'}"
        yield Statement(text=text, hazards=(*LOCK, Hazard.REWRITES))
    if want["row_security"] != have["row_security"]:
        text = f"ALTER TABLE {table} {'ENABLE' if want['row_security'] else 'DISABLE'} ROW LEVEL SECURITY"
        yield Statement(text=text, hazards=LOCK, is_late=True)
    if want["row_security_forced"] != have["row_security_forced"]:
        text = f"ALTER TABLE {table} {'FORCE' if want['row_security_forced'] else 'NO FORCE'} ROW LEVEL SECURITY"
        yield Statement(text=text, hazards=LOCK, is_late=True)
    yield from _change_parents(table, want["inherits"] or (), have["inherits"] or ())
    yield from change_rules(table, want["rules"] or (), have["rules"] or ())


def _change_parents(table: str, wanted: Sequence[str], found: Sequence[str]) -> Iterator[Statement]:
    for parent in found:
        if parent not in wanted:
            yield Statement(text=f"ALTER TABLE {table} NO INHERIT {parent}", hazards=LOCK)
    for parent in wanted:
        if parent not in found:
            yield Statement(text=f"ALTER TABLE {table} INHERIT {parent}", hazards=LOCK, is_late=True)


def change_rules(table: str, wanted: Sequence[str], found: Sequence[str]) -> Iterator[Statement]:
    """Creates, replaces, and drops rules so that the table has exactly the `wanted` ones."""
    names = {name_of_rule(each) for each in wanted}
    off = {name_of_rule(each) for each in found if SWITCHED_OFF.search(each)}
    for each in found:
        if name_of_rule(each) not in names:
            yield drop_rule(table, name_of_rule(each))
    for each in wanted:
        if each not in found:
            bare, name = SWITCHED_OFF.sub("", each), name_of_rule(each)
            text = bare.replace("CREATE RULE", "CREATE OR REPLACE RULE", 1)
            yield Statement(text=text, hazards=LOCK, is_late=True)
            if bare == each and name in off:  # a view's rule cannot be disabled
                yield Statement(text=f"ALTER TABLE {table} ENABLE RULE {name}", hazards=LOCK, is_late=True)
            if bare != each:
                yield Statement(text=f"ALTER TABLE {table} DISABLE RULE {name}", hazards=LOCK, is_late=True)


def drop_rule(table: str, rule: str) -> Statement:
    """Drops the rule, whose name is quoted, of the table or view."""
    return Statement(text=f"DROP RULE {rule} ON {table}", hazards=LOCK)


def name_of_rule(rule: str) -> str:
    """The quoted name in a rule's definition."""
    found = RULE.match(rule)
    if not found:
        raise ManualRepairNeeded("one of its rules has an unknown format")
    return found[1]
