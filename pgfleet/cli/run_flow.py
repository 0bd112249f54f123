"""Runs a flow from the command line: progress on standard error, the answer on standard output."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpx
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pgfleet.cli.options import AuditFormat
from pgfleet.cli.output import write, write_audit
from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.plan import RolloutPlan
from pgfleet.errors import ConfigurationError, PgfleetError
from pgfleet.judge.summary import EXIT_STATUS, outcome_of, tenant_count
from pgfleet.reports.render import terminal
from pgfleet.reports.views.counts import counts_view
from pgfleet.run import files, settings
from pgfleet.run.context import Granularity, RunContext
from pgfleet.run.progress import listening

if TYPE_CHECKING:
    from prefect import Flow, State

INCOMPLETE = 3
Document = TypeVar("Document")


def run_audit(
    context: RunContext,
    tenants: Sequence[str] | None,
    rings: Sequence[str] | None,
    granularity: Granularity,
    labels: Sequence[str] | None = None,
    *,
    since: Path | None = None,
    output_format: AuditFormat,
    output: Path | None,
) -> int:
    """Runs the flow, writes what it found, and returns the exit status. Raises PgfleetError if it broke off.

    `since` is the audit document to compare with; ConfigurationError, before anything is touched, if it is none.
    """
    if since is not None:
        files.load_audit(since, context.environment.name)
    document = audit(context, tenants, rings, granularity, since, labels=labels)
    write_audit(document, context, output_format, output)
    return EXIT_STATUS[outcome_of(document.tenants)]


def audit(
    context: RunContext,
    tenants: Sequence[str] | None = None,
    rings: Sequence[str] | None = None,
    granularity: Granularity = Granularity.STEP,
    since: Path | None = None,
    *,
    labels: Sequence[str] | None = None,
    compare: bool = True,
) -> AuditDocument:
    """One run of the audit's flow, with a progress bar. Raises PgfleetError if it broke off."""
    settings.prepare_prefect()
    from pgfleet.flows.audit import audit_fleet  # noqa: PLC0415
    from pgfleet.tasks.support.results import AUDIT_DOCUMENT  # noqa: PLC0415

    with showing_progress(f"audit of {context.environment.name}"):
        file = str(since.absolute()) if since else None
        options: dict[str, Any] = {"granularity": granularity, "since_file": file, "compare": compare}
        return run_flow(audit_fleet, AUDIT_DOCUMENT, context, tenants, rings, labels, **options)


def run_counts(
    context: RunContext,
    tenants: Sequence[str] | None,
    rings: Sequence[str] | None,
    labels: Sequence[str] | None = None,
    *,
    as_json: bool,
    output: Path | None,
) -> int:
    """Counts the fleet's tables, writes the counts, and returns the exit status: 3 where some could not be counted."""
    settings.prepare_prefect()
    from pgfleet.flows.count import count_fleet  # noqa: PLC0415
    from pgfleet.tasks.support.results import COUNT_DOCUMENT  # noqa: PLC0415

    with showing_progress(f"counts of {context.environment.name}"):
        document = run_flow(count_fleet, COUNT_DOCUMENT, context, tenants, rings, labels)
    write(document, terminal.render(counts_view(document)), as_json=as_json, output=output)
    return INCOMPLETE if document.summary["uncounted"] else 0


def run_flow(
    flow: "Flow[..., Any]",
    form: TypeAdapter[Document],
    context: RunContext,
    tenants: Sequence[str] | None,
    rings: Sequence[str] | None,
    labels: Sequence[str] | None = None,
    **options: Any,
) -> Document:
    """The document that one run of the flow left for those tenants. Raises PgfleetError if it broke off."""
    chosen = {
        name: list(given) if given else None
        for name, given in (("tenants", tenants), ("rings", rings), ("labels", labels))
    }
    return document_of(flow, form, environment=context.environment.name, **chosen, **options)


def document_of(flow: "Flow[..., Any]", form: TypeAdapter[Document], **parameters: Any) -> Document:
    """The document that one run of the flow left. Raises PgfleetError if it broke off."""
    from prefect.exceptions import Abort  # noqa: PLC0415

    from pgfleet.tasks.support.results import load_result  # noqa: PLC0415
    from pgfleet.tasks.support.states import raw_result  # noqa: PLC0415

    with needing_prefect():
        try:
            state = cast("State[Any]", flow(**parameters, return_state=True))
        except Abort as abort:
            raise PgfleetError(f"the {flow.name} was ended: {abort}") from None
        if isinstance(error := raw_result(state), ConfigurationError):
            raise error
        flow_run_id = state.state_details.flow_run_id
        document = load_result(flow_run_id, form) if flow_run_id else None
    if document is None:
        raise PgfleetError(f"the {flow.name} broke off: {state.message}")
    return document


@contextmanager
def needing_prefect() -> Iterator[None]:
    """Prefect's own failures as one line: its server does not answer, or refuses."""
    try:
        yield
    except (httpx.HTTPError, RuntimeError) as error:
        raise PgfleetError(f"Prefect's API cannot be used ({error}); look at PREFECT_API_URL") from error


@contextmanager
def showing_progress(title: str, shown: Callable[[RolloutPlan], None] = lambda _: None) -> Iterator["Lines"]:
    """A bar on a terminal; elsewhere a line for each phase. `shown` is given the plan of a rollout, to be shown."""
    console = Console(stderr=True)
    listener = _Bar(title, console, shown) if console.is_terminal else Lines(title, console, shown)
    with listening(listener), listener.on():
        yield listener


class Lines:
    """Progress as a line for each phase."""

    def __init__(self, title: str, console: Console, shown: Callable[[RolloutPlan], None]) -> None:
        self.title, self.console, self.shown = title, console, shown

    @contextmanager
    def on(self) -> Iterator[None]:
        """Within the block it is shown."""
        yield

    @contextmanager
    def off(self) -> Iterator[None]:
        """Within the block the terminal is somebody else's."""
        yield

    def begin(self, phase: str, tenants: int) -> None:
        """A line that says so."""
        said = self.title if self.title.startswith(phase) else f"{self.title}: {phase}"
        self.console.print(f"{said}: {tenant_count(tenants)} …", highlight=False)

    def finish(self, tenant: str, said: str) -> None:
        """Too many lines."""

    def plan(self, plan: RolloutPlan) -> None:
        """Shown as it is to be."""
        self.shown(plan)

    def note(self, said: str) -> None:
        """A line of its own, above the bar where there is one."""
        self.console.print(f"{self.title}: {said}", highlight=False)


class _Bar(Lines):
    """A bar for the phase under way."""

    def __init__(self, title: str, console: Console, shown: Callable[[RolloutPlan], None]) -> None:
        super().__init__(title, console, shown)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.bar = Progress(*columns, console=console, transient=True)
        self.phase = ""
        self.task = self.bar.add_task(f"{title}: starting Prefect", total=None)

    @contextmanager
    def on(self) -> Iterator[None]:
        with self.bar:
            yield

    @contextmanager
    def off(self) -> Iterator[None]:
        self.bar.stop()
        try:
            yield
        finally:
            self.bar.start()

    def begin(self, phase: str, tenants: int) -> None:
        self.phase = phase
        self.bar.reset(self.task, total=tenants, description=f"{self.title}: {phase}")

    def finish(self, tenant: str, said: str) -> None:
        self.bar.update(self.task, advance=1, description=f"{self.title}: {self.phase}: {tenant} {said}")

    def plan(self, plan: RolloutPlan) -> None:
        with self.off():
            self.shown(plan)
