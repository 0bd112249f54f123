"""What squawk finds beyond our own analysis, as hazards."""

from collections.abc import Sequence
from typing import Protocol

from pgfleet.hazards.codes import HazardCode as Code
from pgfleet.hazards.model import Finding, Hazard
from pgfleet.parser.statements import split

CODES = {
    "adding-field-with-default": Code.REWRITES_TABLE,
    "adding-foreign-key-constraint": Code.BLOCKS_WRITES,
    "adding-not-nullable-field": Code.SCANS_TABLE,
    "adding-required-field": Code.MAY_FAIL_ON_ROWS,
    "adding-serial-primary-key-field": Code.REWRITES_TABLE,
    "ban-alter-domain-with-add-constraint": Code.SCANS_TABLE,
    "ban-concurrent-index-creation-in-transaction": Code.RUNS_OUTSIDE_TRANSACTION,
    "ban-drop-column": Code.DELETES_DATA,
    "ban-drop-database": Code.DELETES_DATA,
    "ban-drop-table": Code.DELETES_DATA,
    "ban-truncate-cascade": Code.DELETES_DATA,
    "changing-column-type": Code.REWRITES_TABLE,
    "constraint-missing-not-valid": Code.SCANS_TABLE,
    "disallowed-unique-constraint": Code.LOCK_ACCESS_EXCLUSIVE,
    "renaming-column": Code.BREAKS_CLIENTS,
    "renaming-table": Code.BREAKS_CLIENTS,
    "require-concurrent-index-creation": Code.BLOCKS_WRITES,
    "require-concurrent-index-deletion": Code.LOCK_ACCESS_EXCLUSIVE,
    "require-concurrent-reindex": Code.BLOCKS_WRITES,
}
"""The code of each of squawk's rules about tables in use (squawkhq.com/docs/rules); the others are about style."""


class Lint(Protocol):
    """One of squawk's findings."""

    @property
    def line(self) -> int:
        """Where it is in the script, from 1."""

    @property
    def rule(self) -> str:
        """The rule's name."""

    @property
    def message(self) -> str:
        """What squawk says about it."""


def add_lint(sql: str, findings: Sequence[Finding], lint: Sequence[Lint]) -> tuple[Finding, ...]:
    """The findings, and those of squawk about the same statements that have another code.

    Statements without findings of our own are left out: squawk does not know what earlier scripts have created.
    """
    starts = [sql.count("\n", 0, each.start) + 1 for each in split(sql)] if lint else []

    def statement_at(line: int) -> int:
        return max((each for each in starts if each <= line), default=0)

    ours = {statement_at(each.line): each for each in findings if each.line}
    known = {(statement_at(each.line), each.hazard.code) for each in findings if each.line}
    added: dict[tuple[int, Code], Finding] = {}
    for each in lint:
        place, code = statement_at(each.line), CODES.get(each.rule)
        if code and place in ours and (place, code) not in known:
            hazard = Hazard(code=code, detail=each.message)
            finding = Finding(hazard=hazard, line=each.line, statement=ours[place].statement, is_from_squawk=True)
            added.setdefault((place, code), finding)
    return (*findings, *added.values())
