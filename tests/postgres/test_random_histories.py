"""Random linear histories: tenants without a ledger, at every position, are placed right and brought to the end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from fixtures.binaries import BINARIES, MAIN
from fixtures.dumps import dump
from fixtures.manifests import linear_manifest
from fixtures.random_histories import histories
from fixtures.rollout import Subject
from fixtures.servers import Server
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.rollout import Result
from pgfleet.postgres.read.audit import directly

EXAMPLES = max(5, settings.default.max_examples // 4) if settings.default else 5
"""Histories; each is audited at all of its 4 to 31 positions, which makes about 80 tenants."""
HAS_OBJECTS = " OR ".join(
    f"EXISTS (SELECT FROM pg_{catalog} WHERE {column} = 'public'::regnamespace)"
    for catalog, column in (("class", "relnamespace"), ("proc", "pronamespace"), ("type", "typnamespace"))
)


@contextmanager
def database(server: Server, template: str = "template1") -> Iterator[str]:
    name = server.create_database(template)
    try:
        yield name
    finally:
        server.drop_database(name)


def check_statuses(statuses: Sequence[MigrationStatus], place: int, harmless: frozenset[str]) -> None:
    """Nothing up to the tenant's place is pending, nothing after it applied, and only what is next to it unknown.

    A migration that is proven to change nothing when it runs again may be pending although it ran.
    """
    pending = {str(n) for n, each in enumerate(statuses[:place], start=1) if each is MigrationStatus.PENDING}
    assert pending <= harmless
    assert MigrationStatus.APPLIED not in statuses[place:]
    assert MigrationStatus.DRIFTED not in statuses
    unknown = [n for n, each in enumerate(statuses) if each is MigrationStatus.UNKNOWN]
    if unknown:
        assert unknown[0] <= place <= unknown[-1] + 1
        assert unknown == [*range(unknown[0], unknown[-1] + 1)]


@settings(max_examples=EXAMPLES, phases=[Phase.generate])
@given(scripts=histories(), data=st.data())
def test_a_tenant_at_any_position_is_recognized_and_completed(
    embedded_server: Server, scripts: list[str], data: st.DataObject
) -> None:
    check_history(embedded_server, scripts, data)


@pytest.mark.parametrize("server", [*BINARIES][1:] or [MAIN], indirect=True)
@settings(max_examples=EXAMPLES // 4, phases=[Phase.generate])
@given(scripts=histories(), data=st.data())
def test_the_same_on_other_versions(server: Server, scripts: list[str], data: st.DataObject) -> None:
    check_history(server, scripts, data)


def check_history(server: Server, scripts: Sequence[str], data: st.DataObject) -> None:
    """Audits a tenant at every position, and rolls out to it at one of them."""
    manifest = linear_manifest(*scripts)
    expected = server.expected(manifest)
    chosen = data.draw(st.integers(0, len(scripts)), label="the position that is rolled out")
    with database(server) as complete, database(server) as growing:
        for script in scripts:
            server.execute(script, complete)
        tenant = Subject(server=server, database=growing, manifest=manifest, expected=expected, run=directly)
        for place in range(len(scripts) + 1):
            if place:
                server.execute(scripts[place - 1], growing)
            statuses = [each.status for each in tenant.audit().migrations]
            note(f"at {place}: {''.join(each[0] for each in statuses)}")
            # A tenant from which everything has been dropped cannot be told from a new one.
            seen = place if server.query(f"SELECT {HAS_OBJECTS}", growing) == [(True,)] else 0
            check_statuses(statuses, seen, expected.harmless)
            if place == chosen:
                with database(server, growing) as copy:
                    roll_out_from(Subject(**{**vars(tenant), "database": copy}), seen, complete)


def roll_out_from(tenant: Subject, place: int, complete: str) -> None:
    """A rollout, after an adoption where something is unknown, ends with the schema that all scripts make."""
    if MigrationStatus.UNKNOWN in tenant.statuses().values() and place:
        tenant.roll_out(adopt_through=str(place))
    result = tenant.roll_out()
    assert result.result in {Result.DONE, Result.UNCHANGED}, result.model_dump_json(indent=1)
    ran = {version for event, version in tenant.events() if event != "adopted" and int(version) <= place}
    assert ran <= tenant.expected.harmless
    assert {*tenant.statuses().values()} == {MigrationStatus.APPLIED}
    tenant.execute("DROP SCHEMA IF EXISTS pgfleet CASCADE")
    assert dump(tenant.server.cluster.dsn(tenant.database)) == dump(tenant.server.cluster.dsn(complete))
