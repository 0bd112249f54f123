"""What was seen of a manifest on a scratch database, before anything is concluded from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgfleet.catalog.contracts import ContractObservation
from pgfleet.catalog.expected import Provenance
from pgfleet.catalog.objects import CatalogObject
from pgfleet.catalog.reapply import NOTHING_TRIED, Reapplicable
from pgfleet.documents.audit import CheckEntry

FORM = 2
"""Raised whenever Evidence holds something else than before: one that an earlier pgfleet kept is not taken."""

Rows = Mapping[str, Mapping[str, int]]
"""Of each table: how often each row is there, by the row's digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A database at one moment: its objects and its rows."""

    objects: tuple[CatalogObject, ...]
    rows: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondRun:
    """A migration that was applied, and is run twice more where rows are.

    The first of the two may have its work to do on rows that were not there when it was applied; `between` holds the
    rows that it left. `error` is what either ended with, if any; that one is rolled back.
    """

    before: Observation
    between: Rows
    after: Observation
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredRun:
    """A migration that was run after what it requires alone.

    `error` is what it ended with, `absent` which objects of it are then not there; `lacking` is the version of an
    earlier migration with which it does run.
    """

    error: str | None = None
    absent: tuple[str, ...] = ()
    lacking: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that was seen, by version; `failed` is the version of a script that the server does not take, and why.

    `empty` says why a table holds no row, by its name.
    """

    server_version: str
    failed: tuple[str, str] | None = None
    second_runs: Mapping[str, SecondRun] = field(default_factory=dict)
    required_runs: Mapping[str, RequiredRun] = field(default_factory=dict)
    checks: Mapping[str, tuple[CheckEntry, ...]] = field(default_factory=dict)
    contracts: tuple[ContractObservation, ...] = ()
    provenances: tuple[Provenance, ...] = ()
    reapplicable: Reapplicable = NOTHING_TRIED
    empty: Mapping[str, str] = field(default_factory=dict)
