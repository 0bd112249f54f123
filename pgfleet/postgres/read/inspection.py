"""Inspects a tenant: its catalog and its ledger."""

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.judge.observations import TenantObservation
from pgfleet.postgres.apply.ledger import EXISTS, read_ledger
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.introspection import catalog_query, complete_catalog
from pgfleet.postgres.session import WHOSE, Session


def queries(session: Session, expected: ExpectedCatalog) -> tuple[Query, Query, Query]:
    """What is asked first: is there a ledger, who serves us, and is the catalog the expected one."""
    query = catalog_query(
        expected.scope, home=session.home, equivalents=expected.equivalents, fingerprint=expected.fingerprint
    )
    return EXISTS, WHOSE, query


def inspect(session: Session, expected: ExpectedCatalog) -> TenantObservation:
    """What the tenant holds of what is expected; objects are transferred only where something differs.

    One round trip, a second where there is a ledger, and more where the catalog is not complete without
    (`complete_catalog`). Raises a DatabaseError.
    """
    [[(ledger_exists,)], [(pid, is_standby)], [row]] = session.fetch(*queries(session, expected))
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
