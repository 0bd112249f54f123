"""The proof of a manifest as JSON for other programs. Keys are added, never renamed or removed."""

from enum import StrEnum

from pgfleet.documents.audit import ManifestEntry
from pgfleet.documents.entry import Entry
from pgfleet.documents.findings import CheckEntry, ContractEntry

SCHEMA_VERSION = 2


class ProofOutcome(StrEnum):
    """The outcome of a proof, and the name of the run's final state."""

    PROVEN = "Proven"
    FAULTY = "Faulty"
    """The manifest has faults."""
    INCOMPLETE = "Incomplete"
    """No faults were found, but some checks could not run."""


class FaultKind(StrEnum):
    """What can be wrong with a migration."""

    FAILS = "fails"
    """The script fails."""
    CHANGES = "changes"
    """A second run changes an object, or fails."""
    LOSES_ROWS = "loses_rows"
    """A second run deletes or alters existing rows."""
    REQUIREMENT_LACKING = "requirement_lacking"
    """It needs another migration that it does not list in `requires`."""
    NOT_REVERTED = "not_reverted"
    """Its down script fails, or does not lead back to the position before the migration."""
    CHECK_FAILS = "check_fails"
    """One of its checks fails after a replay."""
    CONTRACT_BROKEN = "contract_broken"
    """A consumer's statement fails where the entire manifest is applied."""


class TwiceEntry(Entry):
    """A second run of a migration in tables with rows; null where unknown.

    Effects are a fault only if it `is_required` that the migration can run twice: the manifest says so, or its tool
    repeats it.
    """

    is_required: bool = True
    changes_nothing: bool | None = None
    loses_no_row: bool | None = None
    detail: str | None = None


class RequirementsEntry(Entry):
    """A run of a migration after only what it requires; null where unknown."""

    suffice: bool | None = None
    detail: str | None = None


class DownEntry(Entry):
    """A run of the down script, and then of the migration again; `reverts` is null where unknown."""

    reverts: bool | None = None
    detail: str | None = None


class MigrationProof(Entry):
    """The proof of one migration; `down` is null if it has no down script."""

    version: str
    file: str
    twice: TwiceEntry = TwiceEntry()
    requirements: RequirementsEntry = RequirementsEntry()
    down: DownEntry | None = None
    checks: tuple[CheckEntry, ...] = ()


class ObjectProof(Entry):
    """Whether reapplying its migrations restores an object; `restored_if_changed` is null where it was not tried.

    `version` created it, `versions` created and changed it.
    """

    version: str
    versions: tuple[str, ...]
    kind: str
    identity: str
    restored_if_missing: bool
    restored_if_changed: bool | None


class TableProof(Entry):
    """The rows that a table had when migrations ran a second time; `detail` says why there were none."""

    table: str
    rows: int
    detail: str | None = None


class LintEntry(Entry):
    """One of squawk's findings."""

    file: str
    line: int
    rule: str
    level: str
    message: str


class FaultEntry(Entry):
    """One fault of the manifest; `version` is null for a contract."""

    kind: FaultKind
    version: str | None
    file: str
    message: str


class ManifestProof(Entry):
    """The proof of a manifest on one server; `unproven` are the checks that could not run, one sentence each."""

    schema_version: int = SCHEMA_VERSION
    outcome: ProofOutcome
    manifest: ManifestEntry
    server_version: str
    faults: tuple[FaultEntry, ...]
    unproven: tuple[str, ...]
    migrations: tuple[MigrationProof, ...]
    objects: tuple[ObjectProof, ...]
    tables: tuple[TableProof, ...]
    contracts: tuple[ContractEntry, ...] = ()
    lint: tuple[LintEntry, ...] | None
