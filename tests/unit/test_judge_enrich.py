"""The trend, losses, and acceptances that are added to an audit document."""

from dataclasses import replace
from datetime import date

from unit.literals import (
    a_document,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_tenant,
    a_tenant_entry,
    an_environment,
)

from pgfleet.documents.audit import AuditDocument, TenantEntry, Verdict
from pgfleet.documents.audit_context import AcceptanceState, Source
from pgfleet.documents.findings import CountEntry
from pgfleet.fleet.model import Acceptance, Environment
from pgfleet.judge.enrich import enrich
from pgfleet.judge.trend import PreviousAudit
from pgfleet.manifest.model import Count

TODAY = date(2026, 11, 24)


def counting(rows: int, name: str = "acme") -> TenantEntry:
    entry = a_tenant_entry(name, migrations=[a_migration_entry()])
    return entry.model_copy(update={"counts": (CountEntry(table="t", rows=rows, exact=True),)})


def environment(row_loss: int | str = "10%") -> Environment:
    acceptance = Acceptance(tenant="*", kind=None, identity="*", change=None, owner="ana", reason="known", until=TODAY)
    found = an_environment(a_tenant("acme"), a_tenant("lost"))
    return replace(found, policy=replace(found.policy, row_loss=row_loss, acceptances=(acceptance,)))


def compared(
    *now: TenantEntry, before: tuple[TenantEntry, ...] | None, is_partial: bool = False, may_shrink: bool = False
) -> AuditDocument:
    manifest = a_manifest(a_migration(), counts=[Count(table="t", may_shrink=may_shrink)])
    previous = None if before is None else PreviousAudit(document=a_document(*before), source=Source.FILE)
    return enrich(a_document(*now), environment(), manifest, previous, TODAY, is_partial=is_partial)


def test_the_document_gets_all_enrichments() -> None:
    document = compared(counting(5), before=(counting(100),))
    assert [each.table for each in document.tenants[0].losses] == ["t"]
    assert document.since is not None
    assert document.since.source is Source.FILE
    assert [each.name for each in document.variants] == ["as expected"]
    assert [each.state for each in document.accepted] == [AcceptanceState.UNUSED]


def test_without_a_previous_audit_no_row_is_lost_and_tenants_are_grouped_all_the_same() -> None:
    document = compared(counting(5), before=None)
    assert (document.since, document.tenants[0].losses, len(document.variants)) == (None, (), 1)


def test_a_table_that_the_manifest_lets_shrink_loses_nothing() -> None:
    assert compared(counting(5), before=(counting(100),), may_shrink=True).tenants[0].losses == ()


def test_of_an_audit_of_chosen_tenants_the_others_are_no_matter() -> None:
    lost = a_tenant_entry("lost", Verdict.UNREACHABLE, reason="no answer")
    document = compared(counting(5), before=(counting(5), lost), is_partial=True)
    assert document.since is not None
    assert (document.since.resolved, document.since.not_judged) == ((), 0)
    assert [each.state for each in document.accepted] == [AcceptanceState.UNJUDGED]
