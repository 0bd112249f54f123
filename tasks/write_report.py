"""Writes the page of a run and the metrics of an audit to the environment's `report_dir` and `metrics_dir`."""

from pathlib import Path
from urllib.parse import quote

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact

from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.audit_history import AuditHistory
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.reports.openmetrics import audit_metrics
from pgfleet.reports.render import fleet_page, html
from pgfleet.reports.views.audit import audit_page
from pgfleet.reports.views.rollout_page import rollout_page
from pgfleet.reports.views.verdicts import past_audit
from pgfleet.run import files
from pgfleet.run.audit_histories import FLEET_PAGE, history_name, load_histories, load_history
from pgfleet.run.context import RunContext
from pgfleet.run.report_folders import report_folder
from pgfleet.tasks.support.artifacts import key_of
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.retries import PUBLISH_OPTIONS

Document = AuditDocument | RolloutDocument


def write_report_if_configured(document: Document, context: RunContext) -> str:
    """Where the page of the run is; empty, without a task run, if the environment configures no folder."""
    return write_report(opaque(document), opaque(context)) if context.environment.policy.reports.is_enabled else ""


@task(name="write report", **PUBLISH_OPTIONS)
def write_report(document: Document, context: RunContext) -> str:
    """Writes the files, and returns a sentence that says where the page is.

    A file that cannot be written is logged and reported. It fails nothing, because the artifacts have the same content.
    """
    reports = context.environment.policy.reports
    sentences = [_write_page(document, context, reports.folder)] if reports.folder else []
    if reports.metrics_folder and isinstance(document, AuditDocument) and not context.is_partial:
        file = report_folder(reports.metrics_folder) / f"pgfleet-{document.environment}.prom"
        sentences.append(_fault_of_writing(file, audit_metrics(document, context.manifest)))
    return " ".join(filter(None, sentences))


def _write_page(document: Document, context: RunContext, folder: str) -> str:
    """Writes the page under the run's own name, and again as the latest one; after a full audit also the fleet page."""
    kind = "audit" if isinstance(document, AuditDocument) else document.what.replace(" ", "-")
    stem, place = key_of(kind, context), report_folder(folder)
    own = f"{stem}-{document.finished_at:%Y-%m-%dT%H%M%SZ}-{document.run_id[:8]}.html"
    history = _history(document, context, place, own)
    page = _page(document, context, history)
    texts = {own: page, f"{stem}.html": page}
    if history:
        texts[history_name(history.environment)] = history.model_dump_json(indent=2)
    fault = next(filter(None, (_fault_of_writing(place / name, text) for name, text in texts.items())), "")
    if history and not fault:
        fault = _fault_of_writing(place / FLEET_PAGE, fleet_page.render(load_histories(place)))
    if fault:
        return fault
    if url := context.environment.policy.reports.url:
        link = f"{url.rstrip('/')}/{quote(own)}"
        title = f"HTML report of the {document.what if isinstance(document, RolloutDocument) else kind}"
        create_link_artifact(link, link_text=title, key=key_of(f"page-{kind}", context), description=title)
        get_run_logger().info("%s: %s", title, link)
    return f"HTML report of this run: {place / own}"


def _history(document: Document, context: RunContext, place: Path, own: str) -> AuditHistory | None:
    """The environment's audits, this one included; None if this is no audit of all tenants."""
    if context.is_partial or not isinstance(document, AuditDocument):
        return None
    known = load_history(place / history_name(document.environment))
    history = known or AuditHistory(environment=document.environment)
    return history.with_audit(past_audit(document, own, context.environment.policy.timezone))


def _page(document: Document, context: RunContext, history: AuditHistory | None) -> str:
    zone = context.environment.policy.timezone
    if isinstance(document, AuditDocument):
        return html.render(audit_page(document, context.manifest, zone, history.audits if history else ()))
    return html.render(rollout_page(document, context.manifest, zone))


def _fault_of_writing(file: Path, text: str) -> str:
    """Writes the file; returns a sentence that says why it could not be written, or an empty string."""
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
        files.replace_file(file, text)
    except OSError as error:
        fault = f"{file} could not be written: {error.strerror}."
        get_run_logger().warning(fault)
        return fault
    return ""
