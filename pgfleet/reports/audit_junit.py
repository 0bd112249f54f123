"""An audit as a JUnit report: one suite per tenant, one case per migration and contract."""

from collections.abc import Iterator

from pgfleet.documents.audit import INCONCLUSIVE, AuditDocument, TenantEntry, Verdict
from pgfleet.documents.findings import ContractEntry, MigrationEntry, MigrationStatus
from pgfleet.judge.summary import worst_first
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import Tone
from pgfleet.reports.junit import Case, Ending, Suite, report
from pgfleet.reports.phrases.audit import sentence, verdict_meaning
from pgfleet.reports.phrases.context import loss_sentence, remarks
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.render.outline import outline
from pgfleet.reports.views.migration import commands, migration_section

SKIPPED = "skipped tenants"


def audit_junit(document: AuditDocument, manifest: Manifest) -> str:
    """The report as XML.

    Not applied or broken is a failure, unknown an error; accepted differences and skipped tenants count as skipped.
    """
    suites = [_suite(each, document, manifest) for each in worst_first(document.tenants)]
    left_out = tuple(Case(name=each.name, ending=Ending.SKIPPED, message=each.reason) for each in document.skipped)
    suites.append(Suite(name=SKIPPED, cases=left_out))
    title = f"pgfleet audit {document.environment}"
    return report(title, suites, started_at=document.started_at, finished_at=document.finished_at)


def _suite(tenant: TenantEntry, document: AuditDocument, manifest: Manifest) -> Suite:
    cases = [
        *_inspection(tenant, document.manifest.product),
        *(_migration(each, tenant, document.environment, manifest) for each in tenant.migrations),
        *(_contract(each) for each in tenant.contracts),
        *(
            Case(name=f"rows of {each.table}", ending=Ending.FAILURE, kind="rows lost", message=loss_sentence(each))
            for each in tenant.losses
        ),
    ]
    return Suite(name=tenant.name, cases=tuple(cases), notes=remarks(tenant))


def _inspection(tenant: TenantEntry, product: str | None) -> Iterator[Case]:
    """A case of its own, so that a tenant without migrations appears in the report, and fails if it is unknown."""
    if tenant.verdict in INCONCLUSIVE:
        message = tenant.reason or verdict_meaning(tenant.verdict, product)
        yield Case(name="inspection", ending=Ending.ERROR, kind=tenant.verdict, message=" ".join(message.split()))
    elif tenant.verdict is Verdict.READY and not tenant.migrations:
        yield Case(name="inspection")


def _migration(migration: MigrationEntry, tenant: TenantEntry, environment: str, manifest: Manifest) -> Case:
    if migration.status is MigrationStatus.APPLIED:
        return Case(name=migration.file)
    summary = sentence(migration)
    if migration.accepted:
        return Case(name=migration.file, ending=Ending.SKIPPED, message=f"accepted: {summary}")
    ending = Ending.ERROR if migration.status is MigrationStatus.UNKNOWN else Ending.FAILURE
    found = migration_section([migration], manifest, Dates()).blocks
    lines = outline((*found, *commands([migration], tenant, environment)))
    texts = tuple(f"→ {each.text}" if each.tone is Tone.REMEDY else each.text for each in lines)
    message = f"{migration.status} ({migration.priority}): {summary}"
    return Case(name=migration.file, ending=ending, kind=migration.status, message=message, lines=texts)


def _contract(contract: ContractEntry) -> Case:
    name = f"contract {contract.consumer}"
    if contract.works:
        return Case(name=name)
    lines = tuple(f"{each.statement or 'no statement'}: {each.message}" for each in contract.failures)
    ending = Ending.ERROR if contract.works is None else Ending.FAILURE
    kind = "not tried" if contract.works is None else "broken"
    return Case(name=name, ending=ending, kind=kind, message=sentence(contract), lines=lines)
