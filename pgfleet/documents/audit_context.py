"""What puts an audit's findings in their context, as the audit document has it: since when, how many, what is known."""

from datetime import date, datetime
from enum import StrEnum

from pgfleet.documents.entry import Entry


class AcceptedEntry(Entry):
    """Who has accepted a difference, why, and the last day on which it does not count."""

    owner: str
    reason: str
    until: date


class AcceptanceState(StrEnum):
    """What has become of an acceptance."""

    ACTIVE = "active"
    """It matches differences, and they do not count."""
    EXPIRED = "expired"
    """Its last day is past: what it matches counts."""
    UNUSED = "unused"
    """Every tenant that it fits was judged, and it matches nothing: it can be taken out of the fleet file."""
    UNJUDGED = "unjudged"
    """It matches nothing, but not every tenant that it fits was judged."""


class AcceptanceEntry(Entry):
    """One acceptance of the fleet file; `matches` is the number of differences that it fits."""

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
    """A counted table that lost more rows since the previous audit than the `allowed` ones.

    `exact` is false where both figures are the planner's estimates.
    """

    table: str
    before: int
    now: int
    allowed: int
    exact: bool


class FindingEntry(Entry):
    """One finding; `since` is the end of the first audit that saw it.

    `judged_before` is false where the previous audit could not judge the tenant: the finding may be older than known.
    `message` is the server's, of a broken contract; `breaks` are the consumers whose contracts break by the finding.
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
    """Where the previous audit document was taken from."""

    PREFECT = "prefect"
    FILE = "file"


class TrendEntry(Entry):
    """This audit against the previous one; `not_judged` findings of that one could not be looked for now."""

    previous_run_id: str
    previous_finished_at: datetime
    source: Source
    new: tuple[FindingEntry, ...]
    persisting: int
    resolved: tuple[FindingEntry, ...]
    not_judged: int


class SharedEntry(Entry):
    """One object that is not right and that several `tenants` of one database share: one fault, found in each."""

    database: str
    kind: str
    identity: str
    change: str
    tenants: tuple[str, ...]


class VariantDifference(Entry):
    """One difference that all tenants of a variant have; the identity is without the tenant's home schema."""

    kind: str
    identity: str
    change: str


class VariantEntry(Entry):
    """The tenants on servers of one major version whose managed objects have the same fingerprint."""

    name: str
    fingerprint: str
    server_major: int
    expected: bool
    tenants: tuple[str, ...]
    differences: tuple[VariantDifference, ...]
