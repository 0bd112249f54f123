"""Runs a flow from the command line: progress on standard error, the answer on standard output."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pgfleet import settings
from pgfleet.brief import Brief, Granularity
from pgfleet.errors import PgfleetError
from pgfleet.judge.document import AuditDocument, TenantEntry
from pgfleet.judge.summary import EXIT_STATUS, counted, outcome_of
from pgfleet.manifest.model import Manifest
from pgfleet.progress import listening
from pgfleet.render.terminal import audit_report

PLAIN_WIDTH = 160


def run_audit(
    brief: Brief,
    tenants: Sequence[str] | None,
    rings: Sequence[str] | None,
    granularity: Granularity,
    *,
    as_json: bool,
    output: Path | None,
) -> int:
    """Runs the flow, writes what it found, and returns the exit status. Raises PgfleetError if it broke off."""
    document = audit(brief, tenants, rings, granularity)
    write_audit(document, brief.manifest, as_json=as_json, output=output)
    return EXIT_STATUS[outcome_of(document.tenants)]


def audit(
    brief: Brief,
    tenants: Sequence[str] | None = None,
    rings: Sequence[str] | None = None,
    granularity: Granularity = Granularity.STEP,
) -> AuditDocument:
    """One run of the audit's flow, with a progress bar. Raises PgfleetError if it broke off."""
    settings.quieten_prefect()
    from flows.audit import audit_fleet  # noqa: PLC0415
    from tasks.exchange import receive_document  # noqa: PLC0415

    environment = brief.environment
    with _showing_progress(f"audit of {environment.name}", len(environment.tenants)):
        state = audit_fleet(
            environment.name, list(tenants or ()) or None, list(rings or ()) or None, granularity, return_state=True
        )
    flow_run_id = state.state_details.flow_run_id
    document = receive_document(flow_run_id) if flow_run_id else None
    if document is None:
        raise PgfleetError(f"the audit broke off: {state.message}")
    return document


def write_audit(document: AuditDocument, manifest: Manifest, *, as_json: bool, output: Path | None = None) -> None:
    """The document as JSON or as a report, on standard output or into `output`."""
    with _opened(output) as stream:
        if as_json:
            stream.write(document.model_dump_json(indent=2) + "\n")
        else:
            width = None if stream.isatty() else PLAIN_WIDTH
            Console(file=stream, width=width, highlight=False).print(audit_report(document, manifest))


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
    else:
        with output.open("w", encoding="utf-8") as stream:
            yield stream


@contextmanager
def _showing_progress(title: str, total_tenants: int) -> Iterator[None]:
    """A bar on a terminal; elsewhere a line now and then."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"{title}: {counted(total_tenants)} …")
        yield
        return
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"{title}: starting Prefect", total=total_tenants)

        def advance(tenant: TenantEntry) -> None:
            bar.update(task, advance=1, description=f"{title}: {tenant.name} {tenant.verdict}")

        with listening(advance):
            yield
