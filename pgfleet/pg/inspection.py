"""Inspects a tenant: its catalog and its ledger."""

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.judge.readings import Inspection
from pgfleet.pg.introspection import catalog_query, complete_catalog
from pgfleet.pg.ledger import EXISTS, read_ledger
from pgfleet.pg.session import Session


def inspect(session: Session, expected: ExpectedCatalog) -> Inspection:
    """What the tenant holds of what is expected; objects are transferred only where something differs.

    One round trip, a second where there is a ledger, and more where the catalog is not complete without
    (`complete_catalog`). Raises a DatabaseError.
    """
    query = catalog_query(
        expected.scope, home=session.home, equivalents=expected.equivalents, fingerprint=expected.fingerprint
    )
    [[(ledger_exists,)], [row]] = session.read(EXISTS, query)
    catalog = complete_catalog(session, expected.scope, expected.equivalents, row)
    ledger, fault = read_ledger(session) if ledger_exists else ({}, None)
    return Inspection(
        server_version=session.server_version,
        catalog=catalog,
        ledger=ledger,
        ledger_fault=fault,
        database=session.database,
    )
