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
    """`active`; `expired`: its matches count again; `unused`: it matches nothing and can be removed; `unjudged`: it
    matches nothing, but some tenants could not be judged.
    """
    matches: int
    """Number of matching differences."""


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
    LOCAL = "local"
    """The state folder, where the last local audit saved it."""


class TrendEntry(Entry):
    """The changes since the previous audit; `not_judged` of its findings could not be checked now."""

    previous_run_id: str
    """The flow run of the previous audit."""
    previous_finished_at: datetime
    """When the previous audit ended."""
    source: Source
    """Where the previous audit was found: in Prefect, in the file of `--since`, or in the local state folder."""
    new: tuple[FindingEntry, ...]
    """Findings that the previous audit did not have."""
    persisting: int
    """Number of findings that both audits have."""
    resolved: tuple[FindingEntry, ...]
    """Findings that are gone; `change` is the former fault."""
    not_judged: int
    """Number of previous findings that could not be compared, because the tenant could not be inspected or is no
    longer in the fleet, or because the entire table is missing.
    """


class SharedEntry(Entry):
    """One missing or changed object that several `tenants` of one database share."""

    database: str
    """As in the tenants' entries."""
    kind: str
    """As in a difference."""
    identity: str
    """As in a difference."""
    change: str
    """As in a difference."""
    tenants: tuple[str, ...]
    """Names of the affected tenants."""


class VariantDifference(Entry):
    """One difference that all tenants of a variant have; its identity omits the home schema."""

    kind: str
    identity: str
    change: str


class VariantEntry(Entry):
    """The tenants with the same differences; `fingerprint` and `server_major` are those of the first by name."""

    name: str
    """`as expected`, `variant A`, `variant B` …; assigned anew in each audit."""
    fingerprint: str
    """Of its first tenant by name."""
    server_major: int
    """Of its first tenant by name."""
    server_majors: tuple[int, ...] = ()
    """The major versions of its tenants' servers."""
    expected: bool
    """There is no difference, not even an accepted one."""
    tenants: tuple[str, ...]
    """Names."""
    differences: tuple[VariantDifference, ...]
    """`kind`, `identity`, and `change`; identities omit the home schema, so that tenants with different schemas
    compare as equal.
    """
