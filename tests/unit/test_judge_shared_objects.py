"""Differences in shared objects are found and reported once."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from unit.literals import (
    a_contract_entry,
    a_document,
    a_failure,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_tenant_entry,
    an_expected_catalog,
    an_object,
)
from unit.printed import printed

from pgfleet.catalog.objects import Identity, ObjectKind
from pgfleet.catalog.shared_objects import is_shared, may_write_shared
from pgfleet.documents.audit import AuditDocument, TenantEntry, Verdict
from pgfleet.documents.audit_context import AcceptedEntry, SharedEntry
from pgfleet.documents.findings import DifferenceEntry, MigrationStatus
from pgfleet.judge.shared_objects import find_shared
from pgfleet.manifest.extensions import extensions_of
from pgfleet.manifest.model import Impact, Migration
from pgfleet.reports.render import markdown
from pgfleet.reports.views.audit import audit_view
from pgfleet.reports.views.shared_objects import SEE_ABOVE, TITLE

MANIFEST = a_manifest(a_migration("1", impacts=[Impact(service="planner", breaks="no plans")]))
ACCEPTED = AcceptedEntry(owner="ana", reason="known", until="2030-01-01")


def index(identity: str, *, shared: bool = False, accepted: AcceptedEntry | None = None) -> DifferenceEntry:
    return DifferenceEntry(
        kind="index", identity=identity, change="missing", expected="", actual=None, shared=shared, accepted=accepted
    )


GUARD = index("guard.idx", shared=True)


def tenant(name: str, *differences: DifferenceEntry, database: str | None = "db1/one") -> TenantEntry:
    migrations = [a_migration_entry(MigrationStatus.DRIFTED, differences=differences)]
    broken = [a_contract_entry(a_failure(message='index "idx" does not exist'))]
    entry = a_tenant_entry(name, Verdict.BLOCKED, migrations=migrations, contracts=broken)
    return entry.model_copy(update={"database": database})


def audited(*tenants: TenantEntry) -> AuditDocument:
    return a_document(*tenants).model_copy(update={"shared": find_shared(tenants)})


def test_a_fault_of_several_tenants_of_a_database_is_one() -> None:
    tenants = [
        tenant("acme", index("acme.own"), GUARD),
        tenant("bo", GUARD),
        tenant("cy", GUARD, database="db1/two"),
        tenant("di", index("guard.idx", shared=True, accepted=ACCEPTED)),
        tenant("ed", GUARD, database=None),
    ]
    assert find_shared(tenants) == (
        SharedEntry(database="db1/one", kind="index", identity="guard.idx", change="missing", tenants=("acme", "bo")),
    )


def test_a_tenants_own_object_is_never_shared_and_a_pending_migration_is_one_finding() -> None:
    pending = a_migration_entry(MigrationStatus.PENDING, differences=[GUARD])
    new = [tenant(name).model_copy(update={"migrations": (pending,)}) for name in ("acme", "bo")]
    assert find_shared([*new, tenant("cy", index("x.own")), tenant("di", index("x.own"))]) == ()


def on_terminal(document: AuditDocument) -> list[str]:
    return [line.strip() for line in printed(audit_view(document, MANIFEST))]


def in_markdown(document: AuditDocument) -> list[str]:
    return [line.strip().removeprefix("- ") for line in markdown.render(audit_view(document, MANIFEST)).splitlines()]


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(on_terminal, id="terminal"),
        pytest.param(in_markdown, id="markdown"),
    ],
)
def test_a_report_shows_a_shared_difference_once_and_refers_to_it_in_every_tenant(
    report: Callable[[AuditDocument], list[str]],
) -> None:
    lines = report(
        audited(*(tenant(name, GUARD) for name in ("acme", "bo", "cy")), tenant("di", GUARD, index("di.own")))
    )
    text = "\n".join(lines).replace("\\_", "_")
    assert text.count("index guard.idx is missing") == 1
    assert text.count(TITLE) == 1
    assert "1_one.sql in db1/one, 4 tenants: acme, bo, cy, di" in text
    assert text.count(SEE_ABOVE) == 2, "once for the tenants with the same findings, and for the other"
    assert text.count("index di.own is missing") == 1
    assert text.count("cannot run") == 1, "the consumer that suffers by it is told there as well"
    assert text.count("Affected services: planner") == 2


def test_a_difference_of_one_tenant_is_reported_there() -> None:
    lines = on_terminal(audited(tenant("acme", GUARD)))
    assert "index guard.idx is missing (shared by the tenants of its database)" in lines
    assert not any(TITLE in line or SEE_ABOVE in line for line in lines)


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (Identity(kind=ObjectKind.TABLE, schema=None, name="one"), False),
        (Identity(kind=ObjectKind.TABLE, schema="guard", name="one"), True),
        (Identity(kind=ObjectKind.SCHEMA, schema=None, name="guard"), True),
        (Identity(kind=ObjectKind.EXTENSION, schema=None, name="hstore"), True),
    ],
)
def test_what_lies_outside_of_the_home_schema_is_shared(identity: Identity, *, expected: bool) -> None:
    assert is_shared(identity) is expected


def with_script(version: str, sql: str) -> Migration:
    migration = a_migration(version)
    return replace(migration, script=replace(migration.script, sql=sql))


@pytest.mark.parametrize(
    ("sql", "version", "expected"),
    [
        ("CREATE TABLE one ();", "1", False),
        ("SELECT made_by_a_function();", "2", True),
        ("UPDATE guard.rules SET a = 1;", "1", True),
        ("DO $$ BEGIN EXECUTE 'create  EXTENSION hstore'; END $$;", "1", True),
    ],
    ids=["its own objects", "it made one in the replay", "rows in its schema", "an extension"],
)
def test_a_migration_works_on_what_is_shared(sql: str, version: str, *, expected: bool) -> None:
    own, shared = an_object(ObjectKind.TABLE, "one"), an_object(ObjectKind.TABLE, "rules", schema="guard")
    catalog = an_expected_catalog(("1", [own]), ("2", [own, shared]))
    assert may_write_shared(with_script(version, sql), catalog) is expected


def test_the_extensions_that_scripts_create() -> None:
    scripts = (
        'CREATE EXTENSION IF NOT EXISTS "uuid-ossp" SCHEMA x; create extension HStore;',
        "DO $$ BEGIN CREATE EXTENSION pg_trgm; END $$;",
    )
    migrations = [with_script(str(place), sql) for place, sql in enumerate(scripts)]
    assert extensions_of(migrations) == ("hstore", "pg_trgm", "uuid-ossp")
