"""What squawk answered, as findings."""

from collections.abc import Iterable, Mapping
from typing import Any

from pgfleet.documents.manifest_proof import LintEntry

OURS = frozenset({"require-lock-timeout", "require-statement-timeout"})
"""Rules about settings that pgfleet makes on its session; a SET in the file would override the operator's."""


def read_findings(found: Iterable[Mapping[str, Any]]) -> tuple[LintEntry, ...]:
    """Squawk's JSON (its lines are counted from 0, ours from 1). Raises KeyError where it is of another form."""
    return tuple(
        LintEntry(
            file=each["file"],
            line=each["line"] + 1,
            rule=each["rule_name"],
            level=each["level"].lower(),
            message=each["message"],
        )
        for each in found
        if each["rule_name"] not in OURS
    )
