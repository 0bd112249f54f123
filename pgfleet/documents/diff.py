"""The diff document: JSON for other programs. Keys are added, never renamed or removed."""

from pgfleet.documents.audit import ManifestEntry, PositionEntry, Verdict
from pgfleet.documents.entry import Entry

SCHEMA_VERSION = 1


class ObjectDiff(Entry):
    """One object that is missing, changed, or unexpected in the tenant, with both definitions and their unified diff.

    `versions` are the migrations that it is attributed to, none for an unexpected object. `accepted`: the fleet file
    accepts the difference. `shared`: the object is outside the home schema. `actual_left_out` is the number of
    characters that at least are missing at the end of `actual`, and in `diff`.
    """

    versions: tuple[str, ...]
    kind: str
    identity: str
    change: str
    expected: str | None
    actual: str | None
    actual_left_out: int = 0
    accepted: bool = False
    shared: bool = False
    diff: str


class MigrationDiff(Entry):
    """One migration that is not applied, or has accepted differences; `problems` are not about an object."""

    version: str
    file: str
    priority: str
    status: str
    problems: tuple[str, ...] = ()
    """Why the tenant is unreachable or unknown, and the contracts that are broken."""


class DiffDocument(Entry):
    """One tenant, compared with what its migrations leave; `problems` are those of the tenant as a whole."""

    schema_version: int = SCHEMA_VERSION
    """1."""
    environment: str
    """The environment and the tenant in the fleet file."""
    name: str
    """The environment and the tenant in the fleet file."""
    home: str | None
    """As in the audit document; null if the tenant could not be inspected."""
    database: str | None
    """As in the audit document; null if the tenant could not be inspected."""
    server_version: str | None
    """As in the audit document; null if the tenant could not be inspected."""
    manifest: ManifestEntry
    """As in the audit document."""
    verdict: Verdict
    """As in the audit document."""
    position: PositionEntry | None
    """As in the audit document."""
    problems: tuple[str, ...]
    """Why the tenant is unreachable or unknown, and the contracts that are broken."""
    migrations: tuple[MigrationDiff, ...]
    """Those that are not applied, or have accepted differences."""
    objects: tuple[ObjectDiff, ...]
    """Each object that is missing, changed, or unexpected, once; at most 200 unexpected ones."""
    unexpected_left_out: int = 0
    """How many unexpected objects are not in `objects`."""
