"""Writes a result in the chosen format, to standard output or to a file that is replaced atomically."""

import json
import sys
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pydantic import BaseModel

from pgfleet.cli.options import AuditFormat, RolloutFormat
from pgfleet.errors import PgfleetError
from pgfleet.hidden_characters import escape_json, show_hidden
from pgfleet.judge.summary import format_summary
from pgfleet.run import files
from pgfleet.run.context import RunContext

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from pgfleet.documents.audit import AuditDocument
    from pgfleet.documents.rollout import RolloutDocument
    from pgfleet.reports.blocks import View

PLAIN_WIDTH = 5_000
"""Columns where the stream is no terminal: more than a line has, as it must be possible to copy a command from it."""


def console_on(stream: TextIO) -> "Console":
    """A console as wide as the terminal, or of a fixed width and without colors where the stream is no terminal."""
    from rich.console import Console

    return Console(file=stream, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False)


def write_audit(
    document: "AuditDocument", context: RunContext, output_format: AuditFormat, output: Path | None = None
) -> None:
    """Writes the audit document in the chosen format."""
    manifest, zone = context.manifest, context.environment.policy.timezone
    if output_format is AuditFormat.JSON:
        write_json(document, output)
    elif output_format is AuditFormat.JUNIT:
        from pgfleet.reports.audit_junit import audit_junit

        write_text(audit_junit(document, manifest), output)
    elif output_format is AuditFormat.OPENMETRICS:
        from pgfleet.reports.openmetrics import audit_metrics

        write_text(audit_metrics(document, manifest), output)
    elif output_format is AuditFormat.HTML:
        from pgfleet.reports.render import html  # imports a template engine
        from pgfleet.reports.views.audit import audit_page

        write_text(html.render(audit_page(document, manifest, zone)), output)
    elif output_format is AuditFormat.MARKDOWN:
        from pgfleet.reports.render import markdown
        from pgfleet.reports.views.audit import audit_view

        write_text(markdown.render(audit_view(document, manifest, zone)), output)
    else:
        from pgfleet.reports.views.audit import audit_view

        write_view(audit_view(document, manifest, zone), output)
    _report_file(format_summary(document.summary), output)


def write_rollout(
    document: "RolloutDocument",
    context: RunContext,
    output_format: RolloutFormat,
    output: Path | None = None,
    *,
    is_below_plan: bool = False,
) -> None:
    """Writes the rollout document in the chosen format; at the terminal, below its plan if that was printed."""
    from pgfleet.reports.render import html, markdown
    from pgfleet.reports.rollout_junit import rollout_junit
    from pgfleet.reports.views.rollout import rollout_view, view_below_plan
    from pgfleet.reports.views.rollout_page import rollout_page

    manifest, zone = context.manifest, context.environment.policy.timezone
    if output_format is RolloutFormat.JSON:
        write_json(document, output)
    elif output_format is RolloutFormat.JUNIT:
        write_text(rollout_junit(document), output)
    elif output_format is RolloutFormat.HTML:
        write_text(html.render(rollout_page(document, manifest, zone)), output)
    elif output_format is RolloutFormat.MARKDOWN:
        write_text(markdown.render(rollout_view(document, manifest, zone)), output)
    else:
        make_view = view_below_plan if is_below_plan and output is None else rollout_view
        write_view(make_view(document, manifest, zone), output)
    _report_file(f"{document.outcome}: {format_summary(document.summary)}", output)


def write(document: BaseModel, view: "View", *, as_json: bool, output: Path | None = None) -> None:
    """Writes the document as JSON, or its view as text, to standard output or to `output`."""
    if as_json:
        write_json(document, output)
    else:
        write_view(view, output)
    _report_file(view.summary, output)


def _report_file(summary: str, output: Path | None) -> None:
    """Says on standard error what came of the run if the result is in a file."""
    if output:
        print(show_hidden(f"{summary}; the result is in {output}"), file=sys.stderr)


def write_view(view: "View", output: Path | None) -> None:
    """Writes the view as text to standard output or to `output`."""
    from pgfleet.reports.render import terminal

    write_table(terminal.render(view), output)


def write_table(table: "RenderableType", output: Path | None) -> None:
    """Writes the table to standard output or to `output`."""
    if output is None and sys.stdout.isatty():
        console_on(sys.stdout).print(table)
    else:
        write_text(unwrapped(table), output)


def show(shown: "RenderableType", stream: TextIO) -> None:
    """Prints what is not the result itself: a plan, or a dry run."""
    if stream.isatty():
        console_on(stream).print(shown)
    else:
        stream.write(unwrapped(shown))
        stream.flush()


def unwrapped(shown: "RenderableType") -> str:
    """The text in lines that are neither wrapped nor padded."""
    plain = StringIO()
    console_on(plain).print(shown)
    return "".join(f"{line.rstrip()}\n" for line in plain.getvalue().splitlines())


def write_json(document: BaseModel | Mapping[str, Any], output: Path | None) -> None:
    """Writes the document as JSON that a terminal can show."""
    if isinstance(document, BaseModel):
        text = document.model_dump_json(indent=2)
    else:
        text = json.dumps(document, ensure_ascii=False, indent=2)
    write_text(escape_json(text) + "\n", output)


def write_lines(lines: Iterable[tuple[str, str]], output: Path | None) -> None:
    """Writes lines unbroken, each in its style if standard output is a terminal."""
    from rich.console import Console
    from rich.text import Text

    from pgfleet.reports.render.plain_text import plain_text

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
