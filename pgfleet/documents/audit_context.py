"""Parts of the audit document beyond single tenants: trend, variants, shared objects, and acceptances."""

from datetime import date, datetime
from enum import StrEnum

from pgfleet.documents.entry import Entry


class AcceptedEntry(Entry):
    """Who accepted a difference, why, and the last day of the acceptance."""

    owner: str
    reason: str
    until: date


class AcceptanceState(StrEnum):
    """The state of an acceptance."""

    ACTIVE = "active"
    """It matches differences, which do not count."""
    EXPIRED = "expired"
    """Its last day has passed: the differences that it matches count."""
    UNUSED = "unused"
    """Every tenant that it matches was judged, and it matches no difference: it can be removed."""
    UNJUDGED = "unjudged"
    """It matches no difference, but not every tenant that it matches was judged."""


class AcceptanceEntry(Entry):
    """One acceptance of the fleet file; `matches` is the number of differences that it matches."""

    tenant: str
    kind: str | None
    identity: str
    change: str | None
    owner: str
    reason: str
    until: date
    state: AcceptanceState
    matches: int


class LossEntry(Entry):
    """A counted table that lost more than the `allowed` rows since the previous audit.

    `exact` is false if both counts are the planner's estimates.
    """

    table: str
    before: int
    now: int
    allowed: int
    exact: bool


class FindingEntry(Entry):
    """One finding; `since` is the end of the first audit that reported it.

    `judged_before` is false if the previous audit could not judge the tenant, so the finding may be older. `message` is
    the server's message about a broken contract; `breaks` are the consumers whose contracts this finding breaks.
    """

    tenant: str
    kind: str
    identity: str
    change: str
    since: datetime
    judged_before: bool = True
    message: str | None = None
    breaks: tuple[str, ...] = ()


class Source(StrEnum):
    """Where the previous audit document was loaded from."""

    PREFECT = "prefect"
    FILE = "file"


class TrendEntry(Entry):
    """The changes since the previous audit; `not_judged` of its findings could not be checked now."""

    previous_run_id: str
    previous_finished_at: datetime
    source: Source
    new: tuple[FindingEntry, ...]
    persisting: int
    resolved: tuple[FindingEntry, ...]
    not_judged: int


class SharedEntry(Entry):
    """One missing or changed object that several `tenants` of one database share."""

    database: str
    kind: str
    identity: str
    change: str
    tenants: tuple[str, ...]


class VariantDifference(Entry):
    """One difference that all tenants of a variant have; its identity omits the home schema."""

    kind: str
    identity: str
    change: str


class VariantEntry(Entry):
    """The tenants with the same differences; `fingerprint` and `server_major` are those of the first by name."""

    name: str
    fingerprint: str
    server_major: int
    server_majors: tuple[int, ...] = ()
    expected: bool
    tenants: tuple[str, ...]
    differences: tuple[VariantDifference, ...]
