"""What was read of one tenant, before anything is concluded from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgfleet.catalog.objects import Catalog
from pgfleet.documents.audit import LedgerState
from pgfleet.fleet.pooler import Pooler


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What the ledger knows of one migration: its state, by which run, and the script's checksum then."""

    state: LedgerState
    checksum: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A tenant's catalog, and what its ledger knows of each version; `database` tells its database from others.

    `ledger_fault` says why the ledger, though there, could not be read. `pooler` stands between us and the server.
    """

    server_version: str
    catalog: Catalog
    ledger: Mapping[str, LedgerRow]
    ledger_fault: str | None = None
    pooler: Pooler | None = None
    is_standby: bool = False
    database: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server answered to one query: rows, or that something it names is not there, or why no answer came."""

    rows: tuple[tuple[Any, ...], ...] = ()
    absent: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedReading:
    """The tenant's rows under the seed's keys, as JSON objects; or as in `Answer`."""

    rows: tuple[Mapping[str, Any], ...] = ()
    absent: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReading:
    """One table's rows; None where the table is not there (no fault) or could not be counted (`fault` says why)."""

    table: str
    rows: int | None
    exact: bool
    fault: str | None = None
