"""Inspects a tenant: reads its catalog and ledger, and compares them with what is expected."""

from collections.abc import Iterable, Sequence

from pgfleet.catalog.differences import Difference, find_differences
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import Change
from pgfleet.errors import PgfleetError
from pgfleet.judge.observations import TenantObservation
from pgfleet.postgres.apply.ledger import EXISTS, read_ledger
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.introspection import catalog_query, complete_catalog
from pgfleet.postgres.read.prefetch import Prefetched, prefetch
from pgfleet.postgres.session import BACKEND, Session
from pgfleet.run.context import RunContext


class TenantInspection:
    """What was observed in a tenant, and how that differs from what is expected of it.

    `prefetched` holds results of queries that later steps of an audit would send. Deliberately not a dataclass: Prefect
    searches the fields of those for dependencies whenever one is passed to a task.
    """

    def __init__(
        self,
        expected: ExpectedCatalog,
        observed: TenantObservation,
        differences: tuple[Difference, ...],
        prefetched: Prefetched,
    ) -> None:
        self.expected, self.observed = expected, observed
        self.differences, self.prefetched = differences, prefetched


def inspect(session: Session, context: RunContext, with_prefetch: bool = False) -> TenantInspection:
    """The tenant's catalog and ledger, compared. Raises a DatabaseError, and NoExpectedCatalog.

    `with_prefetch` sends the queries of the other audit steps in the same round trip, if none of them fails. A
    fingerprint that differs although no object does is a defect of pgfleet and must not read as clean: PgfleetError.
    """
    expected = context.expected(session.server_major)
    queries = _queries(session, expected)
    found = prefetch(session, context, also=queries) if with_prefetch else None
    prefetched, rows = found or (Prefetched(), session.fetch(*queries))
    observed = _observe(session, expected, rows)
    differences = find_differences(expected, observed.catalog)
    if observed.catalog.managed is not None and not differences:
        raise PgfleetError("the catalog is not the expected one, yet no object of it differs; please report this")
    if with_prefetch and not found and (second := prefetch(session, context, missing=_missing(differences))):
        prefetched, _ = second
    return TenantInspection(expected, observed, differences, prefetched)


def observe(session: Session, expected: ExpectedCatalog) -> TenantObservation:
    """The tenant's catalog and ledger; objects are transferred only if some differ from the expected ones.

    One round trip, a second if there is a ledger, and more if the catalog needs them (`complete_catalog`). Raises a
    DatabaseError.
    """
    return _observe(session, expected, session.fetch(*_queries(session, expected)))


def _queries(session: Session, expected: ExpectedCatalog) -> tuple[Query, Query, Query]:
    """Is there a ledger, which server process answers, and is the catalog the expected one?"""
    query = catalog_query(
        expected.scope, home=session.home, equivalents=expected.equivalents, fingerprint=expected.fingerprint
    )
    return EXISTS, BACKEND, query


def _observe(session: Session, expected: ExpectedCatalog, rows: Sequence[Rows]) -> TenantObservation:
    [[(ledger_exists,)], [(pid, is_standby)], [row]] = rows
    catalog = complete_catalog(session, expected.scope, expected.equivalents, row)
    ledger, fault = read_ledger(session) if ledger_exists else ({}, None)
    return TenantObservation(
        server_version=session.server_version,
        catalog=catalog,
        ledger=ledger,
        ledger_fault=fault,
        pooler=session.pooler_before(pid),
        is_standby=is_standby,
        database=session.database,
    )


def _missing(differences: Iterable[Difference]) -> frozenset[str]:
    """Names of missing objects as the manifest writes them: without the schema if that is the home schema."""
    gone = (each.identity for each in differences if each.change is Change.MISSING)
    return frozenset(f"{each.schema}.{each.name}" if each.schema else each.name for each in gone)
