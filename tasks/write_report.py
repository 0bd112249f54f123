"""Keeps the page of a run, and the figures of an audit, where the environment's `report_dir` and `metrics_dir` say."""

from pathlib import Path
from urllib.parse import quote

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact

from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.reports.html.rollout import rollout_page
from pgfleet.reports.openmetrics import audit_metrics
from pgfleet.reports.render import html
from pgfleet.reports.views.audit import audit_page
from pgfleet.run import files, settings
from pgfleet.run.context import RunContext
from pgfleet.tasks.publish_report import OPTIONS, scope_of

Document = AuditDocument | RolloutDocument


def write_report_if_configured(document: Document, context: RunContext) -> str:
    """Where the page of the run is kept; empty, and no task run, where the environment asks for nothing."""
    return write_report(document, context) if context.environment.policy.reports.is_asked_for else ""


@task(name="keep report", **OPTIONS)
def write_report(document: Document, context: RunContext) -> str:
    """Writes them, and says where the page is.

    What cannot be written is logged and said, and fails nothing: the artifacts and the document tell the same.
    """
    reports = context.environment.policy.reports
    said = [_keep_page(document, context, reports.folder)] if reports.folder else []
    if reports.metrics_folder and isinstance(document, AuditDocument) and not context.is_partial:
        file = _place(reports.metrics_folder) / f"pgfleet-{document.environment}.prom"
        said.append(_fault_of_writing(file, audit_metrics(document, context.manifest)))
    return " ".join(filter(None, said))


def _keep_page(document: Document, context: RunContext, folder: str) -> str:
    """A page of its own for the run, and the same once more as the latest one."""
    kind = "audit" if isinstance(document, AuditDocument) else document.what.replace(" ", "-")
    stem, place = f"{kind}-{scope_of(context)}", _place(folder)
    own = f"{stem}-{document.finished_at:%Y-%m-%dT%H%M%SZ}-{document.run_id[:8]}.html"
    page = _page(document, context)
    fault = _fault_of_writing(place / own, page) or _fault_of_writing(place / f"{stem}.html", page)
    if fault:
        return fault
    if url := context.environment.policy.reports.url:
        link = f"{url.rstrip('/')}/{quote(own)}"
        create_link_artifact(link, link_text=f"The page of this {kind}", key=f"page-{stem}")
    return f"The page of this run: {place / own}"


def _page(document: Document, context: RunContext) -> str:
    zone = context.environment.policy.timezone
    if isinstance(document, AuditDocument):
        return html.render(audit_page(document, context.manifest, zone))
    return rollout_page(document, context.manifest, zone)


def _place(folder: str) -> Path:
    """The folder as the fleet file means it: beside itself, unless it is absolute."""
    return settings.Settings().config.absolute().parent / folder


def _fault_of_writing(file: Path, text: str) -> str:
    """Writes the file; why it could not be, in a sentence, or nothing."""
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
        files.write_whole(file, text)
    except OSError as error:
        said = f"{file} could not be written: {error.strerror}."
        get_run_logger().warning(said)
        return said
    return ""
