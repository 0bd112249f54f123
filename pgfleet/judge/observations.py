"""What pgfleet read from one tenant: the input of every judgment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgfleet.catalog.objects import Catalog
from pgfleet.documents.audit import StampEntry
from pgfleet.documents.findings import LedgerState
from pgfleet.fleet.pooler import Pooler
from pgfleet.judge.unchanged import EarlierInspection
from pgfleet.manifest.source.ledger import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One migration's row in the ledger: its state, the run that wrote it, and the checksum of the script that ran."""

    state: LedgerState
    checksum: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantObservation:
    """A tenant's catalog and its ledger rows by version; `database` identifies its database in the fleet.

    `stamp` is that of the catalog, if wanted; `earlier` is the inspection that still holds, None if the catalog was
    read. `ledger_fault` says why an existing ledger could not be read. `tool` is what the migration tool's ledger
    records; None if the manifest names none, or the tenant has none. `pooler` is the kind of pooler in between, if any.
    """

    server_version: str
    catalog: Catalog
    ledger: Mapping[str, LedgerRow]
    ledger_fault: str | None = None
    tool: Recorded | None = None
    pooler: Pooler | None = None
    is_standby: bool = False
    database: str | None = None
    stamp: StampEntry | None = None
    earlier: EarlierInspection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The result of one query: its rows, or which named object is `absent`, or the `fault` that prevented an answer."""

    rows: tuple[tuple[Any, ...], ...] = ()
    absent: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedObservation:
    """The tenant's rows under the seed's keys, as JSON objects; `absent` and `fault` as in `QueryResult`."""

    rows: tuple[Mapping[str, Any], ...] = ()
    absent: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountObservation:
    """One table's row count; None if the table is absent (no fault) or could not be counted (`fault` says why)."""

    table: str
    rows: int | None
    exact: bool
    fault: str | None = None
