"""A tenant of the example manifest with every kind of object is ready."""

import pytest
from fixtures.servers import Server, apply_manifest

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read.audit import audit

pytestmark = pytest.mark.every_version


def audited(server: Server, database: str, manifest: Manifest, expected: ExpectedCatalog) -> TenantEntry:
    tenant = server.tenant(database)
    return audit(tenant, server.context(manifest, expected, tenant))


def test_the_manifest_has_an_object_of_every_kind(everything_expected: ExpectedCatalog) -> None:
    assert {each.object.identity.kind for each in everything_expected.provenances} == set(ObjectKind)


def test_a_complete_tenant_is_ready_before_and_after_a_rerun(
    everything_server: Server,
    everything_database: str,
    everything_manifest: Manifest,
    everything_expected: ExpectedCatalog,
) -> None:
    for _ in range(2):
        entry = audited(everything_server, everything_database, everything_manifest, everything_expected)
        assert (entry.verdict, entry.reason, entry.unexpected) == (Verdict.READY, None, ())
        with everything_server.session(everything_database) as session:
            apply_manifest(session, everything_manifest)
