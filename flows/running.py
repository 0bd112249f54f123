"""Runs a flow from the command line: progress on standard error, the answer on standard output."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flows.console import console_on
from pgfleet import settings
from pgfleet.brief import Brief, Granularity
from pgfleet.errors import ConfigurationError, PgfleetError
from pgfleet.judge.document import AuditDocument, TenantEntry
from pgfleet.judge.summary import EXIT_STATUS, counted, outcome_of
from pgfleet.manifest.model import Manifest
from pgfleet.progress import listening
from pgfleet.render.terminal import audit_report


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
    with _showing_progress(f"audit of {environment.name}", len(environment.tenants)), _needing_prefect():
        state = audit_fleet(
            environment.name, list(tenants or ()) or None, list(rings or ()) or None, granularity, return_state=True
        )
        flow_run_id = state.state_details.flow_run_id
        document = receive_document(flow_run_id) if flow_run_id else None
    if document is None:
        raise PgfleetError(f"the audit broke off: {state.message}")
    return document


def refuse_unwritable(output: Path | None) -> None:
    """Raises ConfigurationError where `output` could not be written, before anything is done for it."""
    if output is not None and (output.is_dir() or not os.access(output.parent, os.W_OK)):
        raise ConfigurationError("--output", str(output), "cannot be written; name a file in a folder that is there")


def write_audit(document: AuditDocument, manifest: Manifest, *, as_json: bool, output: Path | None = None) -> None:
    """The document as JSON or as a report, on standard output or into `output`."""
    with _opened(output) as stream:
        if as_json:
            stream.write(document.model_dump_json(indent=2) + "\n")
        else:
            console_on(stream).print(audit_report(document, manifest))


@contextmanager
def _needing_prefect() -> Iterator[None]:
    """Prefect's own failures as one line: its server does not answer, or refuses."""
    try:
        yield
    except (httpx.HTTPError, RuntimeError) as error:
        raise PgfleetError(f"Prefect's API cannot be used ({error}); look at PREFECT_API_URL") from error


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
