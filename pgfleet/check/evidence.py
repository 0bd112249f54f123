"""Observations of a manifest in a scratch database: the input of its proof."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgfleet.catalog.contracts import ContractObservation
from pgfleet.catalog.expected import Provenance
from pgfleet.catalog.objects import CatalogObject
from pgfleet.catalog.reapply import NOTHING_TRIED, Reapplicable
from pgfleet.catalog.residue import NO_RESIDUE, Residue
from pgfleet.documents.findings import CheckEntry

FORMAT = 6
"""Increase this number when Evidence changes, so that a cached one of an earlier pgfleet is not used."""

Rows = Mapping[str, Mapping[str, int]]
"""By table: the number of rows with the same digest, by digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """The objects and rows of a database at one moment."""

    objects: tuple[CatalogObject, ...]
    rows: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondRun:
    """Two more runs of an applied migration on sample rows.

    The first run may legitimately change rows that did not exist when the migration was applied; `between` are the rows
    after it. `error` is the error of either run, which was then rolled back.
    """

    before: DatabaseState
    between: Rows
    after: DatabaseState
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondRunFindings:
    """What a second run of a migration changes and which rows it loses, as phrases that follow "a second run".

    `empty` are the tables without sample rows, in which a loss would not be seen.
    """

    changes: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondRuns:
    """The findings by version, and the sample rows that each table takes after all migrations, by its name.

    `empty` says why a table takes none.
    """

    findings: Mapping[str, SecondRunFindings] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    empty: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredRun:
    """A run of a migration with only its requirements applied.

    `error` is its error, `absent` are the objects that it did not create, and `undeclared` are the earlier
    migrations, beyond its requirements, with which it works.
    """

    error: str | None = None
    absent: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DownRun:
    """A run of a down script, and then of its migration again.

    `residue` is how the database differs from the one before the migration; `again`, from the one after it, in the end.
    `error` is the error of the down script, or why it cannot run; `error_again` that of the migration after it.
    """

    residue: Residue = NO_RESIDUE
    again: Residue = NO_RESIDUE
    error: str | None = None
    error_again: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All observations, by version; `failed` is the version of a script that fails, with the error."""

    server_version: str
    failed: tuple[str, str] | None = None
    second_runs: SecondRuns = SecondRuns()
    required_runs: Mapping[str, RequiredRun] = field(default_factory=dict)
    down_runs: Mapping[str, DownRun] = field(default_factory=dict)
    checks: Mapping[str, tuple[CheckEntry, ...]] = field(default_factory=dict)
    contracts: tuple[ContractObservation, ...] = ()
    provenances: tuple[Provenance, ...] = ()
    reapplicable: Reapplicable = NOTHING_TRIED
