"""Shows the progress of a run on standard error."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from pgfleet.hidden_characters import show_hidden
from pgfleet.judge.summary import tenant_count
from pgfleet.reports.render.plain_text import plain_text
from pgfleet.run import interruption
from pgfleet.run.progress import listening

if TYPE_CHECKING:
    from pgfleet.documents.rollout_plan import RolloutPlan

PAUSE_SECONDS = 10.0
"""Between two lines about the same work, and before the remaining time is estimated."""
MINUTE_SECONDS, MOST_SECONDS = 60, 90
INTERRUPTED = "interrupted"
INTERRUPTED_CHANGES = "interrupted; what was committed stays. To continue, run the same command again"


@contextmanager
def showing_progress(
    title: str, on_plan: Callable[["RolloutPlan"], None] = lambda _: None, *, interrupted: str = INTERRUPTED
) -> Iterator["Lines"]:
    """Within the block, the run's progress is a bar on a terminal, and elsewhere one line for each phase.

    `on_plan` is called with the plan of a rollout. When a signal arrives, prints `interrupted`.
    """
    console = Console(stderr=True)
    console.soft_wrap = not console.is_terminal  # a line that another program reads is not broken
    listener = _Bar(title, console, on_plan) if console.is_terminal else Lines(title, console, on_plan)
    announcement = partial(listener.end, interrupted)
    with listening(listener), listener.shown(), interruption.announced_by(announcement):
        yield listener


def time_left(elapsed_seconds: float, done: float, total: float) -> str:
    """`about 40 s left`, if the rest takes as long for each tenant; empty in the first seconds, and at the end."""
    if elapsed_seconds < PAUSE_SECONDS or not 0 < done < total:
        return ""
    seconds = elapsed_seconds / done * (total - done)
    return f"about {seconds:.0f} s left" if seconds < MOST_SECONDS else f"about {seconds / MINUTE_SECONDS:.0f} min left"


class Lines:
    """Progress as one line for each phase, and a line now and then in a long one."""

    def __init__(self, title: str, console: Console, on_plan: Callable[["RolloutPlan"], None]) -> None:
        self.title, self.console, self.on_plan = title, console, on_plan
        self._last_line = self._began = time.monotonic()
        self._finished = self._tenants = 0

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Within the block the progress is shown."""
        yield

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Within the block something else uses the terminal."""
        yield

    def begin(self, phase: str, tenants: int) -> None:
        """Prints the phase and how many tenants it has."""
        self._last_line = self._began = time.monotonic()
        self._finished, self._tenants = 0, tenants
        text = self.title if self.title.startswith(phase) else f"{self.title}: {phase}"
        self.console.print(plain_text(f"{text}: {tenant_count(tenants)} …"))

    def finish(self, tenant: str, result: str) -> None:  # noqa: ARG002 (the bar shows them)
        """Prints how many tenants are finished, if the last line was a while ago."""
        self._finished += 1
        now = time.monotonic()
        if now - self._last_line >= PAUSE_SECONDS and (
            left := time_left(now - self._began, self._finished, self._tenants)
        ):
            self._last_line = now
            self.note(f"{self._finished} of {tenant_count(self._tenants)}, {left}")

    def step(self, work: str, done: int, total: int) -> None:
        """Prints a line now and then, the first one after a pause."""
        if not done:
            self._last_line = time.monotonic()
        if time.monotonic() - self._last_line >= PAUSE_SECONDS:
            self._last_line = time.monotonic()
            self.note(f"{work}: {done} of {total}")

    def plan(self, plan: "RolloutPlan") -> None:
        """Passes the plan on."""
        with self.hidden():
            self.on_plan(plan)

    def note(self, message: str) -> None:
        """Prints the message, above the bar if there is one."""
        self.console.print(plain_text(f"{self.title}: {message}"))

    def end(self, message: str) -> None:
        """Prints the message as the last one."""
        self.note(message)


class _TimeLeft(ProgressColumn):
    """The estimate of the remaining time."""

    def render(self, task: Task) -> Text:
        return Text(time_left(task.elapsed or 0.0, task.completed, task.total or 0.0))


class _Bar(Lines):
    """Progress as a bar for the current phase."""

    def __init__(self, title: str, console: Console, on_plan: Callable[["RolloutPlan"], None]) -> None:
        super().__init__(title, console, on_plan)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            _TimeLeft(),
        )
        self.bar = Progress(*columns, console=console, transient=True)
        self.phase = ""
        self.task = self.bar.add_task(f"{title}: starting Prefect", total=None)
        self.work = self.bar.add_task(title, total=None, visible=False)

    @contextmanager
    def shown(self) -> Iterator[None]:
        with self.bar:
            yield

    @contextmanager
    def hidden(self) -> Iterator[None]:
        self.bar.stop()
        try:
            yield
        finally:
            self.bar.start()

    def end(self, message: str) -> None:
        self.bar.stop()  # shows the cursor again, even if the process has to be ended
        self.note(message)

    def begin(self, phase: str, tenants: int) -> None:
        self.phase = phase
        self.bar.reset(self.task, total=tenants, description=f"{self.title}: {phase}")

    def finish(self, tenant: str, result: str) -> None:
        self.bar.update(self.task, advance=1, description=show_hidden(f"{self.title}: {self.phase}: {tenant} {result}"))

    def step(self, work: str, done: int, total: int) -> None:
        self.bar.update(self.task, visible=bool(self.phase))  # without a phase there are no tenants to count
        self.bar.update(
            self.work,
            completed=done,
            total=total,
            description=show_hidden(f"{self.title}: {work}"),
            visible=done < total,
        )
