"""The steps of an audit on real servers."""

from fixtures.servers import Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read.audit_steps import verify
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.tenant_session import open_session


def test_a_complete_tenant_matches_without_transferring_objects(
    server: Server, database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    tenant = server.tenant(database)
    context = server.context(shipped_manifest, expected, tenant)
    with open_session(tenant, context) as session:
        inspection = inspect(session, context)
        entries = [verify(session, context, inspection, each.version) for each in shipped_manifest.migrations]
    assert inspection.observed.catalog.fingerprint == expected.fingerprint
    assert inspection.observed.catalog.managed is None
    assert inspection.assessment.differences == ()
    assert {entry.status for entry in entries} == {"applied"}
