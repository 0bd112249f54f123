"""Writes an answer in the format that was asked for: on standard output, or into a file that is whole or not there."""

import sys
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

from pydantic import BaseModel
from rich.console import RenderableType

from pgfleet.cli.console import console_on
from pgfleet.cli.options import AuditFormat, RolloutFormat
from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.errors import PgfleetError
from pgfleet.reports.audit_junit import audit_junit
from pgfleet.reports.openmetrics import audit_metrics
from pgfleet.reports.render import html, markdown, terminal
from pgfleet.reports.rollout_junit import rollout_junit
from pgfleet.reports.views.audit import audit_page, audit_view
from pgfleet.reports.views.rollout import rollout_view
from pgfleet.reports.views.rollout_page import rollout_page
from pgfleet.run import files
from pgfleet.run.context import RunContext


def write_audit(document: AuditDocument, context: RunContext, output_format: AuditFormat, output: Path | None) -> None:
    """What an audit found, as a person or a program reads it."""
    manifest, zone = context.manifest, context.environment.policy.timezone
    texts: Mapping[AuditFormat, Callable[[], str]] = {
        AuditFormat.HTML: lambda: html.render(audit_page(document, manifest, zone)),
        AuditFormat.MARKDOWN: lambda: markdown.render(audit_view(document, manifest, zone)),
        AuditFormat.JUNIT: lambda: audit_junit(document, manifest),
        AuditFormat.OPENMETRICS: lambda: audit_metrics(document, manifest),
    }
    if make := texts.get(output_format):
        write_text(make(), output)
    else:
        report = terminal.render(audit_view(document, manifest, zone))
        write(document, report, as_json=output_format is AuditFormat.JSON, output=output)


def write_rollout(
    document: RolloutDocument, context: RunContext, output_format: RolloutFormat, output: Path | None
) -> None:
    """What came of a rollout, as a person or a program reads it."""
    manifest, zone = context.manifest, context.environment.policy.timezone
    texts: Mapping[RolloutFormat, Callable[[], str]] = {
        RolloutFormat.HTML: lambda: html.render(rollout_page(document, manifest, zone)),
        RolloutFormat.MARKDOWN: lambda: markdown.render(rollout_view(document, manifest, zone)),
        RolloutFormat.JUNIT: lambda: rollout_junit(document),
    }
    if make := texts.get(output_format):
        write_text(make(), output)
    else:
        report = terminal.render(rollout_view(document, manifest, zone))
        write(document, report, as_json=output_format is RolloutFormat.JSON, output=output)


def write(document: BaseModel, report: RenderableType, *, as_json: bool, output: Path | None = None) -> None:
    """The document as JSON or as a report, on standard output or into `output`."""
    if as_json:
        write_text(document.model_dump_json(indent=2) + "\n", output)
    elif output is None:
        console_on(sys.stdout).print(report)
    else:
        plain = StringIO()
        console_on(plain).print(report)
        write_text(plain.getvalue(), output)


def write_text(text: str, output: Path | None) -> None:
    """The text as it is. Raises PgfleetError where it cannot be written: by now the run is over."""
    try:
        if output is None:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            files.write_whole(output, text)
    except OSError as error:
        where = f"--output: {output}" if output else "standard output"
        kept = "what the run found and did is kept with it in Prefect"
        raise PgfleetError(f"{where}: cannot be written: {error.strerror}; {kept}") from None
