"""Inspects a tenant: its catalog and its ledger."""

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.judge.readings import Inspection
from pgfleet.pg.introspection import catalog_query, read_catalog_row
from pgfleet.pg.ledger import EXISTS, read_ledger
from pgfleet.pg.session import Session


def inspect(session: Session, expected: ExpectedCatalog) -> Inspection:
    """What the tenant holds of what is expected; objects are transferred only where something differs.

    One round trip, and a second where there is a ledger. Raises a DatabaseError.
    """
    query = catalog_query(
        expected.scope, home=session.home, equivalents=expected.equivalents, fingerprint=expected.fingerprint
    )
    [[(ledger_exists,)], [row]] = session.read(EXISTS, query)
    catalog = read_catalog_row(row, home=session.home)
    ledger, fault = read_ledger(session) if ledger_exists else ({}, None)
    return Inspection(server_version=session.server_version, catalog=catalog, ledger=ledger, ledger_fault=fault)
