"""Writes a result in the chosen format, to standard output or to a file that is replaced as a whole."""

import sys
from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from pgfleet.cli.options import AuditFormat, RolloutFormat
from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.errors import PgfleetError
from pgfleet.hidden_characters import escape_json
from pgfleet.reports.audit_junit import audit_junit
from pgfleet.reports.blocks import View
from pgfleet.reports.openmetrics import audit_metrics
from pgfleet.reports.render import html, markdown, terminal
from pgfleet.reports.render.plain_text import plain_text
from pgfleet.reports.rollout_junit import rollout_junit
from pgfleet.reports.views.audit import audit_page, audit_view
from pgfleet.reports.views.rollout import rollout_view, view_below_plan
from pgfleet.reports.views.rollout_page import rollout_page
from pgfleet.run import files
from pgfleet.run.context import RunContext

PLAIN_WIDTH = 160


def console_on(stream: TextIO) -> Console:
    """A console as wide as the terminal, or of a fixed width and without colors where the stream is no terminal."""
    return Console(file=stream, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False)


def write_audit(
    document: AuditDocument, context: RunContext, output_format: AuditFormat, output: Path | None = None
) -> None:
    """Writes the audit document in the chosen format."""
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
        view = audit_view(document, manifest, zone)
        write(document, view, as_json=output_format is AuditFormat.JSON, output=output)


def write_rollout(
    document: RolloutDocument,
    context: RunContext,
    output_format: RolloutFormat,
    output: Path | None = None,
    *,
    is_below_plan: bool = False,
) -> None:
    """Writes the rollout document in the chosen format; at the terminal, below its plan if that was printed."""
    manifest, zone = context.manifest, context.environment.policy.timezone
    texts: Mapping[RolloutFormat, Callable[[], str]] = {
        RolloutFormat.HTML: lambda: html.render(rollout_page(document, manifest, zone)),
        RolloutFormat.MARKDOWN: lambda: markdown.render(rollout_view(document, manifest, zone)),
        RolloutFormat.JUNIT: lambda: rollout_junit(document),
    }
    if make := texts.get(output_format):
        write_text(make(), output)
    else:
        make_view = view_below_plan if is_below_plan and output is None else rollout_view
        view = make_view(document, manifest, zone)
        write(document, view, as_json=output_format is RolloutFormat.JSON, output=output)


def write(document: BaseModel, view: View, *, as_json: bool, output: Path | None = None) -> None:
    """Writes the document as JSON, or its view as text, to standard output or to `output`."""
    if as_json:
        write_json(document, output)
    elif output is None:
        console_on(sys.stdout).print(terminal.render(view))
    else:
        plain = StringIO()
        console_on(plain).print(terminal.render(view))
        write_text(plain.getvalue(), output)


def write_json(document: BaseModel, output: Path | None) -> None:
    """Writes the document as JSON that a terminal can show."""
    write_text(escape_json(document.model_dump_json(indent=2)) + "\n", output)


def write_lines(lines: Iterable[tuple[str, str]], output: Path | None) -> None:
    """Writes lines unbroken, each in its style if standard output is a terminal."""
    text = StringIO()
    stream = sys.stdout if output is None else text
    console = Console(file=stream, highlight=False)
    for line, style in lines:
        # A tab is no hazard at a terminal, and a diff without it cannot be applied.
        console.print(Text("\t").join(plain_text(part, style) for part in line.split("\t")), soft_wrap=True)
    if output:
        write_text(text.getvalue(), output)


def write_text(text: str, output: Path | None) -> None:
    """Writes the text as it is. Raises PgfleetError if it cannot be written."""
    try:
        if output is None:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            files.replace_file(output, text)
    except OSError as error:
        where = f"--output: {output}" if output else "standard output"
        kept = "the run's result is stored in Prefect"
        raise PgfleetError(f"{where}: cannot be written: {error.strerror}; {kept}") from None
