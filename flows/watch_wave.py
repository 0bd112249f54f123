"""Watches one wave of tenants for a while: do the services use their tables?"""

import time
from datetime import UTC, datetime

from prefect import State, flow
from prefect.states import Completed, Failed

from pgfleet.documents.ring import WatchEntry
from pgfleet.flows._wave import open_wave
from pgfleet.flows._waves import WaveKind
from pgfleet.postgres.read.survey import Survey, work_on_tenants
from pgfleet.rollout.activity import ActivityObservation, judge_watch
from pgfleet.run.context import RunContext
from pgfleet.tasks.read_activity import read_activity
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import WATCHED, save_wave_result

SETTLING_SECONDS = 1.0
"""Sessions write their statistics at most once a second, and when they end; those of the rollout must come first."""
Readings = tuple[ActivityObservation, ...]


@flow(name="watch-wave", persist_result=False, flow_run_name="watch {number} · {ring}")
def watch_wave(environment: str, ring: str, number: int, tenants: list[str], seconds: float) -> State[None]:
    """Reads the activity in the watched tables twice, `seconds` apart, and saves what changed with the flow run."""
    run = f"watch {environment} wave {number}"
    with open_wave(environment, ring, tenants, run=run, with_expectations=False, patience_seconds=None) as survey:
        time.sleep(SETTLING_SECONDS)
        began_at = datetime.now(UTC)
        before = _read(survey, began_at, word=None)
        survey.context.limiter.release_leases()  # to other runs, in the meantime
        time.sleep(seconds)
        after = _read(survey, began_at, word="watched")
    context = survey.context
    entries = tuple(each for name in tenants for each in _judge(context, name, before[name], after[name], seconds))
    save_wave_result(entries, WATCHED, "What was seen in the tenants of this wave")
    findings = sum(each.is_finding for each in entries)
    if findings:
        return Failed(name="Idle", message=f"{findings} queues with overdue tasks are not worked on")
    return Completed(message=f"{len(entries)} tables watched for {seconds:g} s")


def _read(survey: Survey, began_at: datetime, *, word: str | None) -> dict[str, Readings]:
    """The readings of each tenant; progress reports `word`."""
    context = survey.context
    found = work_on_tenants(
        survey,
        lambda tenant: read_activity.submit(tenant.name, opaque(context), began_at),
        lambda _, error: tuple(
            ActivityObservation(watch=each.name, fault=str(error)) for each in context.manifest.watches
        ),
        (lambda _: word) if word else None,
    )
    return dict(zip((each.name for each in context.environment.tenants), found, strict=True))


def _judge(context: RunContext, tenant: str, before: Readings, after: Readings, seconds: float) -> list[WatchEntry]:
    return [
        judge_watch(watch, first, last, tenant=tenant, seconds=seconds)
        for watch, first, last in zip(context.manifest.watches, before, after, strict=True)
    ]


WATCH: WaveKind[WatchEntry] = WaveKind(flow=watch_wave, form=WATCHED, task_run="watch {}")
