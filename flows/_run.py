"""What the flows that work on a fleet do before their own work."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from prefect import Flow, runtime

from pgfleet.fleet.selection import Selection
from pgfleet.postgres.read.run_context import load_context, sharing_files
from pgfleet.run import interruption
from pgfleet.run.context import RunContext
from pgfleet.run.report_folders import check_report_folders
from pgfleet.tasks.support.artifacts import artifact_key
from pgfleet.tasks.support.current_run import tag_run
from pgfleet.tasks.support.progress_artifact import publishing_progress
from pgfleet.tasks.support.server_lease import server_leases
from pgfleet.tasks.support.work_pools import check_deployed


def dated(work: str) -> Callable[[], str]:
    """Names flow runs: `seed prod · 2026-11-24` for `seed {environment}`."""
    return lambda: f"{work.format(**runtime.flow_run.parameters)} · {datetime.now(UTC):%Y-%m-%d}"


@contextmanager
def open_run(
    environment: str, selection: Selection, *, run: str, run_id: str = "", waves: Iterable[Flow[..., Any]]
) -> Iterator[RunContext]:
    """Loads the context of a run, tags its flow run, and publishes its progress within the block.

    Raises ConfigurationError for a wrong file or selection, and if one of the `waves` should run on a work pool and has
    no deployment there, and for a report folder that cannot be written.
    """
    interruption.watch()
    with sharing_files():
        context = load_context(environment, selection, run=run, run_id=run_id, leases=server_leases)
        check_report_folders(context.environment)
        tag_run(f"env:{environment}")
        check_deployed(context.environment, waves)
        with publishing_progress(artifact_key("progress", environment)):
            yield context
