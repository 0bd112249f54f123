"""The types of the values in `fleet.toml`: names, durations, shares, and budgets."""

import re
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from pgfleet.catalog.objects import ObjectKind
from pgfleet.hazards.codes import code_named
from pgfleet.hidden_characters import is_shown
from pgfleet.validation import matching, rejecting, without_hidden, without_nul

MAX_NAME_BYTES = 63
"""PostgreSQL truncates longer names without an error (manual, 4.1.1 Identifiers and Key Words)."""

MAX_TENANT_CHARACTERS = 100
MIN_SILENCE_MS = 60_000
"""Twice the time between two heartbeats of a wave, which is Prefect's minimum of 30 s."""
MAX_TIMEOUT_MS = 2_147_483_647
"""PostgreSQL's maximum for timeouts (manual, 20.11.1 Statement Behavior)."""
MAX_CONNECTIONS, MAX_NUMBER = 10_000, 1_000_000_000_000
MAX_LINE, MAX_ENVIRONMENT = 500, 100
"""Characters."""
UNITS_MS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}


def parse_duration_ms(text: object) -> int:
    """`"500ms"`, `"2s"`, `"5min"` or `"1h"` as milliseconds. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,15})\s*(ms|s|min|h)", text) if isinstance(text, str) else None
    if not found or not int(found[1]):
        raise ValueError('must be a duration such as "500ms", "2s", "5min", or "1h"')
    milliseconds = int(found[1]) * UNITS_MS[found[2]]
    if milliseconds > MAX_TIMEOUT_MS:
        raise ValueError("exceeds PostgreSQL's maximum of 596h")
    return milliseconds


def parse_period(text: object) -> timedelta:
    """`"7d"` or `"12h"`. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,4})\s*([hd])", text) if isinstance(text, str) else None
    if not found or not int(found[1]):
        raise ValueError('must be a number of days or hours, such as "7d" or "12h"')
    return timedelta(days=int(found[1])) if found[2] == "d" else timedelta(hours=int(found[1]))


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone such as Europe/Berlin") from None
    return name


def _known_kind(name: str) -> str:
    if name not in [str(each) for each in ObjectKind]:
        raise ValueError(f"is not a kind of object; the kinds are {', '.join(ObjectKind)}")
    return name


def _long_enough(milliseconds: int) -> int:
    if milliseconds < MIN_SILENCE_MS:
        raise ValueError(f'is too short; the minimum is "{MIN_SILENCE_MS // 1000}s"')
    return milliseconds


def tenant_name_fault(name: str) -> str | None:
    """Why the name cannot be a tenant's, or None. Prefect's names, files, and reports contain it."""
    if 1 <= len(name) <= MAX_TENANT_CHARACTERS and is_shown(name):
        return None
    return f"must have 1 to {MAX_TENANT_CHARACTERS} characters, without control characters or other invisible ones"


def schema_fault(name: str) -> str | None:
    """Why the name cannot be a home schema, or None. The message repeats no text that may be a misplaced secret."""
    if name == "$user":
        return "'$user' depends on the role; name the schema itself"
    if name.startswith("pg_"):
        return f"'{name}' cannot be a tenant's schema: names that start with pg_ are reserved for PostgreSQL"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes, PostgreSQL's limit for names"
    if not name.isprintable():
        return "contains nonprintable characters"
    return None


Text = Annotated[str, StringConstraints(min_length=1), AfterValidator(without_nul)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=MAX_LINE), AfterValidator(without_hidden)]
"""A name, or another text on one line."""
LabelValue = Annotated[str, StringConstraints(max_length=MAX_LINE), AfterValidator(without_hidden)]
SchemaName = Annotated[Line, rejecting(schema_fault)]
TenantName = Annotated[str, rejecting(tenant_name_fault)]
EnvironmentName = Annotated[
    str,
    matching(r"[a-z0-9]+(-[a-z0-9]+)*", "a name must consist of lowercase letters, digits, and single dashes"),
    StringConstraints(max_length=MAX_ENVIRONMENT),
]
Duration = Annotated[int, BeforeValidator(parse_duration_ms)]
Period = Annotated[timedelta, BeforeValidator(parse_period)]
Silence = Annotated[Duration, AfterValidator(_long_enough)]
TimeZone = Annotated[str, AfterValidator(_known_timezone)]
Kind = Annotated[str, AfterValidator(_known_kind)]
Folder = Line
Share = Annotated[str, matching(r"([1-9][0-9]?|100)%", 'must be a share from "1%" to "100%"')]
HazardName = Annotated[str, AfterValidator(code_named)]
Budget = (
    Annotated[int, Field(ge=0, le=MAX_NUMBER)]
    | Annotated[str, matching(r"(100|[0-9]{1,2})%", 'must be a number, or a share ("5%")')]
)
