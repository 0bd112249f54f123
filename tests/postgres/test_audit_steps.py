"""The steps of an audit on real servers."""

from fixtures.servers import Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read import steps


def test_a_tenant_with_the_whole_manifest_matches_without_a_transfer(
    server: Server, database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    tenant = server.tenant(database)
    context = server.context(shipped_manifest, expected, tenant)
    with steps.open_session(tenant, context) as session:
        findings = steps.inspect(session, context)
        entries = [steps.verify(session, context, findings, each.version) for each in shipped_manifest.migrations]
    assert findings.inspection.catalog.fingerprint == expected.fingerprint
    assert findings.inspection.catalog.managed is None
    assert findings.differences == ()
    assert {entry.status for entry in entries} == {"applied"}
