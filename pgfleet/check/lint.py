"""Squawk's findings as entries of the proof."""

from collections.abc import Iterable, Mapping
from typing import Any

from pgfleet.documents.manifest_proof import LintEntry

IGNORED_RULES = frozenset({"require-lock-timeout", "require-statement-timeout"})
"""Rules about timeouts that pgfleet sets itself; a SET in the script would override them."""


def read_findings(found: Iterable[Mapping[str, Any]]) -> tuple[LintEntry, ...]:
    """The entries from squawk's JSON, whose line numbers start at 0. Raises KeyError for another format."""
    return tuple(
        LintEntry(
            file=each["file"],
            line=each["line"] + 1,
            rule=each["rule_name"],
            level=each["level"].lower(),
            message=each["message"],
        )
        for each in found
        if each["rule_name"] not in IGNORED_RULES
    )
