"""Further reads of a catalog: kinds that the manifest does not use, and objects that occupy its names."""

from collections.abc import Callable

import pytest
from fixtures.rollout import Subject

from pgfleet.documents.audit import Verdict
from pgfleet.postgres.session import Session

SCRIPT = """
CREATE TABLE t (a integer);
CREATE INDEX i ON t (a);
CREATE SCHEMA side;
CREATE TABLE side.t (a integer);
"""
TYPE = "CREATE TYPE side.mood AS ENUM ('glad')"
COMPOSITE = "CREATE TYPE side.pair AS (a integer)"
VIEW = "CREATE VIEW side.v AS SELECT 1 AS a"
POLICY = "CREATE POLICY own ON t USING (true)"
COLUMN = "ALTER TABLE t ADD extra text"


@pytest.fixture
def tenant(small: Callable[..., Subject]) -> Subject:
    subject = small({"1_one.sql": SCRIPT})
    subject.roll_out()
    return subject


def unexpected(subject: Subject) -> list[tuple[str, str]]:
    entry = subject.audit()
    assert entry.verdict is Verdict.READY
    return [(each.kind, each.identity) for each in entry.unexpected]


def reads(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often an audit reads something."""
    found, original = [], Session.fetch

    def counting(session: Session, *queries: object, **options: object) -> object:
        found.append(queries)
        return original(session, *queries, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Session, "fetch", counting)
        subject.audit()
    return len(found)


@pytest.mark.every_version
@pytest.mark.parametrize(
    ("sql", "kind", "identity"),
    [
        (TYPE, "type", "side.mood"),
        (COMPOSITE, "type", "side.pair"),
        (VIEW, "view", "side.v"),
        (POLICY, "policy", "public.t.own"),
    ],
)
def test_objects_of_kinds_that_the_manifest_does_not_use_are_found(
    tenant: Subject, sql: str, kind: str, identity: str
) -> None:
    assert unexpected(tenant) == []
    tenant.execute(sql)
    assert unexpected(tenant) == [(kind, identity)]


def test_they_are_sorted_among_the_other_unexpected_objects(tenant: Subject) -> None:
    tenant.execute(f"{TYPE}; {VIEW}; {POLICY}; {COLUMN}")
    assert [kind for kind, _ in unexpected(tenant)] == ["column", "policy", "type", "view"]


@pytest.mark.every_version
def test_a_view_with_the_name_of_a_managed_table_is_reported_as_occupying_it(tenant: Subject) -> None:
    tenant.execute("DROP TABLE t; CREATE VIEW t AS SELECT 1 AS a")
    entry = tenant.audit()
    assert [(each.kind, each.identity) for each in entry.unexpected] == [("view", "public.t")]
    reasons = [each.repair.reason for each in entry.migrations[0].differences if each.repair]
    assert reasons == ["view t already has the required name: ask its owner about it"]


def test_a_tenant_without_missing_relations_takes_no_further_query(
    tenant: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = reads(tenant, monkeypatch)
    tenant.execute("ALTER TABLE t ALTER a SET DEFAULT 1")
    assert reads(tenant, monkeypatch) == clean
    tenant.execute("DROP INDEX i")
    assert reads(tenant, monkeypatch) == clean + 1
    tenant.execute(VIEW)
    assert reads(tenant, monkeypatch) == clean + 2
    tenant.execute("ALTER TABLE t ALTER a TYPE bigint")
    assert reads(tenant, monkeypatch) == clean + 3, "what depends on the column"
