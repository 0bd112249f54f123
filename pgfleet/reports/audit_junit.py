"""An audit as a JUnit report: a suite for each tenant, a case for each migration and contract."""

from collections.abc import Iterator

from pgfleet.documents.audit import (
    INCONCLUSIVE,
    AuditDocument,
    ContractEntry,
    MigrationEntry,
    MigrationStatus,
    TenantEntry,
    Verdict,
)
from pgfleet.judge.summary import worst_first
from pgfleet.manifest.model import Manifest
from pgfleet.reports.junit import Case, Ending, Suite, report
from pgfleet.reports.phrases.acceptances import remarks
from pgfleet.reports.phrases.audit import VERDICT_MEANS, affected_services, differences_told, sentence
from pgfleet.reports.phrases.repair import remedy_lines
from pgfleet.reports.phrases.row_losses import loss_sentence

SKIPPED = "skipped tenants"


def audit_junit(document: AuditDocument, manifest: Manifest) -> str:
    """What is not applied or broken fails, what could not be judged errs, what is accepted or left out is skipped."""
    suites = [_suite(each, document.environment, manifest) for each in worst_first(document.tenants)]
    left_out = tuple(Case(name=each.name, ending=Ending.SKIPPED, message=each.reason) for each in document.skipped)
    seconds = (document.finished_at - document.started_at).total_seconds()
    title = f"pgfleet audit {document.environment}"
    return report(
        title, [*suites, Suite(name=SKIPPED, cases=left_out)], started_at=document.started_at, seconds=seconds
    )


def _suite(tenant: TenantEntry, environment: str, manifest: Manifest) -> Suite:
    cases = [
        *_inspection(tenant),
        *(_migration(each, tenant, environment, manifest) for each in tenant.migrations),
        *(_contract(each) for each in tenant.contracts),
        *(
            Case(name=f"rows of {each.table}", ending=Ending.FAILURE, kind="rows lost", message=loss_sentence(each))
            for each in tenant.losses
        ),
    ]
    return Suite(name=tenant.name, cases=tuple(cases), notes=remarks(tenant))


def _inspection(tenant: TenantEntry) -> Iterator[Case]:
    """A case of its own, so that a tenant of which nothing is known is in the report, and not green."""
    if tenant.verdict in INCONCLUSIVE:
        said = tenant.reason or VERDICT_MEANS[tenant.verdict]
        yield Case(name="inspection", ending=Ending.ERROR, kind=tenant.verdict, message=" ".join(said.split()))
    elif tenant.verdict is Verdict.READY and not tenant.migrations:
        yield Case(name="inspection")


def _migration(migration: MigrationEntry, tenant: TenantEntry, environment: str, manifest: Manifest) -> Case:
    if migration.status is MigrationStatus.APPLIED:
        return Case(name=migration.file)
    said = sentence(migration)
    if migration.accepted:
        return Case(name=migration.file, ending=Ending.SKIPPED, message=f"accepted: {said}")
    ending = Ending.ERROR if migration.status is MigrationStatus.UNKNOWN else Ending.FAILURE
    lines = [sentence(each) for each in differences_told(migration)]
    lines += [f"→ {line}" for line in remedy_lines(migration, tenant.name, environment)]
    lines += affected_services(migration, manifest)
    message = f"{migration.status} ({migration.priority}): {said}"
    return Case(name=migration.file, ending=ending, kind=migration.status, message=message, lines=tuple(lines))


def _contract(contract: ContractEntry) -> Case:
    name = f"contract {contract.consumer}"
    if contract.works:
        return Case(name=name)
    lines = tuple(f"{each.statement or 'no statement'}: {each.message}" for each in contract.failures)
    ending = Ending.ERROR if contract.works is None else Ending.FAILURE
    kind = "not tried" if contract.works is None else "broken"
    return Case(name=name, ending=ending, kind=kind, message=sentence(contract), lines=lines)
