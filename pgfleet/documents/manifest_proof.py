"""The proof of a manifest as JSON for other programs. Keys are added, never renamed or removed."""

from enum import StrEnum

from pgfleet.documents.audit import CheckEntry, ContractEntry, ManifestEntry
from pgfleet.documents.entry import Entry

SCHEMA_VERSION = 2


class ProofOutcome(StrEnum):
    """What a proof comes to, which is also the name of the run's final state."""

    PROVEN = "Proven"
    FAULTY = "Faulty"
    """Something is wrong with the manifest."""
    INCOMPLETE = "Incomplete"
    """Nothing was found wrong, but something could not be looked at."""


class FaultKind(StrEnum):
    """What can be wrong with a migration."""

    FAILS = "fails"
    """The server does not take the script."""
    CHANGES = "changes"
    """A second run changes something, or fails."""
    LOSES_ROWS = "loses_rows"
    """A second run deletes or alters rows that are there."""
    REQUIREMENT_LACKING = "requirement_lacking"
    """It needs another migration that it does not declare."""
    CHECK_FAILS = "check_fails"
    """A check of it does not pass after a replay."""
    CONTRACT_BROKEN = "contract_broken"
    """A consumer's statements would not work where the whole manifest is."""


class TwiceEntry(Entry):
    """A second run of a migration where rows are: null where it could not be told."""

    changes_nothing: bool | None = None
    loses_no_row: bool | None = None
    detail: str | None = None


class RequirementsEntry(Entry):
    """A run of a migration after what it requires alone: null where it could not be told."""

    suffice: bool | None = None
    detail: str | None = None


class MigrationProof(Entry):
    """What was proven of one migration."""

    version: str
    file: str
    twice: TwiceEntry = TwiceEntry()
    requirements: RequirementsEntry = RequirementsEntry()
    checks: tuple[CheckEntry, ...] = ()


class ObjectProof(Entry):
    """Whether an object comes back if its migrations are run again; `healed_if_changed` is null where it was not tried.

    `version` made it, `versions` made and changed it.
    """

    version: str
    versions: tuple[str, ...]
    kind: str
    identity: str
    restored_if_missing: bool
    restored_if_changed: bool | None


class TableProof(Entry):
    """The rows that a table held when migrations were run a second time; `detail` says why there were none."""

    table: str
    rows: int
    detail: str | None = None


class LintEntry(Entry):
    """One finding of squawk's."""

    file: str
    line: int
    rule: str
    level: str
    message: str


class FaultEntry(Entry):
    """Something that is wrong with the manifest; `version` is null of a contract."""

    kind: FaultKind
    version: str | None
    file: str
    message: str


class ManifestProof(Entry):
    """What was proven of a manifest on one server.

    `unproven` says, one sentence each, what could not be looked at.
    """

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
