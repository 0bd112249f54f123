"""Work that is measured in a process of its own: `python -m benchmarks.works NAME` prints a `Figure` per measure."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.engine import audit_all, expect, on_threads, read_raw, remember, run_scripts
from benchmarks.fleets import damage
from benchmarks.measures import DRIFT_PERCENTS
from benchmarks.meter import Meter
from benchmarks.results import THREADS, Cost, Figure
from pgfleet.documents.audit import Verdict
from pgfleet.postgres.read.run_context import load_context
from pgfleet.run import settings
from pgfleet.run.context import Granularity, RunContext

Work = Callable[[RunContext, Meter], Iterator[tuple[str, Cost]]]


def raw(context: RunContext, meter: Meter) -> Iterator[tuple[str, Cost]]:
    """The least that an audit takes."""
    expected = expect(context)
    yield "raw", meter.take(lambda: on_threads(context, lambda tenant: read_raw(tenant, expected)))


def engine(context: RunContext, meter: Meter) -> Iterator[tuple[str, Cost]]:
    """Every step of an audit without Prefect, and again."""
    expect(context)
    remember(context, [])
    entries = []
    yield "engine", meter.take(lambda: entries.extend(audit_all(context)))
    if {each.verdict for each in entries} != {Verdict.READY}:
        raise RuntimeError("not every tenant is ready")
    remember(context, entries)
    yield "engine-again", meter.take(lambda: audit_all(context))


def audits(context: RunContext, meter: Meter, granularity: Granularity) -> Iterator[tuple[str, Cost]]:
    """The flow, and again. The expected catalog is cached, as in every audit but a manifest's first."""
    from pgfleet.flows.audit import audit_fleet  # noqa: PLC0415

    first = context.environment.tenants[0].name
    audit_fleet("bench", tenants=[first], granularity=granularity, return_state=True)
    for name in (f"audit-{granularity}", f"audit-{granularity}-again"):
        yield name, _flow_cost(meter, lambda: audit_fleet("bench", granularity=granularity, return_state=True))


def drift(context: RunContext, meter: Meter) -> Iterator[tuple[str, Cost]]:
    """The flow, with its default granularity, after some tenants have drifted since the audit before."""
    from pgfleet.flows.audit import audit_fleet  # noqa: PLC0415

    audit_fleet("bench", return_state=True)
    for percent in DRIFT_PERCENTS:
        damage([each.dsn.text for each in context.environment.tenants], percent)
        cost = _flow_cost(meter, lambda: audit_fleet("bench", return_state=True), "Drifted")
        yield f"audit-drifted-{percent}", cost


def empty_tasks(context: RunContext, meter: Meter) -> Iterator[tuple[str, Cost]]:
    """A task for each tenant that calls tasks which do nothing, as many as an audit has steps."""
    from prefect import flow, task  # noqa: PLC0415
    from prefect.task_runners import ThreadPoolTaskRunner  # noqa: PLC0415

    manifest, tenants = context.manifest, len(context.environment.tenants)
    inspection_and_contracts = 2
    steps = inspection_and_contracts + len(manifest.migrations) + len(manifest.seeds) + len(manifest.counts)

    @task
    def step() -> None: ...

    @task
    def tenant() -> None:
        for _ in range(steps):
            step()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=THREADS))
    def empty(tenants: int) -> None:
        for future in [tenant.submit() for _ in range(tenants)]:
            future.wait()

    empty(1)
    yield "empty-tasks", meter.take(lambda: empty(tenants))


def scripts(context: RunContext, meter: Meter) -> Iterator[tuple[str, Cost]]:
    """The least that a rollout takes."""
    yield "scripts", meter.take(lambda: on_threads(context, lambda tenant: run_scripts(tenant, context)))


def rollouts(context: RunContext, meter: Meter, granularity: Granularity) -> Iterator[tuple[str, Cost]]:
    """The flow, and again when nothing is left to do. The expected catalog is cached."""
    from pgfleet.flows.audit import audit_fleet  # noqa: PLC0415
    from pgfleet.flows.rollout import rollout_fleet  # noqa: PLC0415

    first = context.environment.tenants[0].name
    audit_fleet("bench", tenants=[first], granularity=granularity, return_state=True)
    name = f"rollout-{granularity}-{context.environment.policy.rollout.transaction}"
    for each in (name, f"{name}-again"):
        yield each, _flow_cost(meter, lambda: rollout_fleet("bench", granularity=granularity, return_state=True))


def _flow_cost(meter: Meter, run: Callable[[], Any], expected: str = "Completed") -> Cost:
    """What the flow run costs. Raises RuntimeError if it ends in another state, because its cost means nothing then."""
    states: list[Any] = []
    cost = meter.take(lambda: states.append(run()))
    if states[0].name != expected:
        raise RuntimeError(f"the flow run ended as {states[0].name}, not {expected}: {states[0].message}")
    return cost


def _by_granularity(
    name: str, work: Callable[[RunContext, Meter, Granularity], Iterator[tuple[str, Cost]]]
) -> Mapping[str, Work]:
    return {f"{name}-{each}": lambda context, meter, each=each: work(context, meter, each) for each in Granularity}


WORKS: Mapping[str, Work] = {
    "raw": raw,
    "engine": engine,
    "empty-tasks": empty_tasks,
    "drift": drift,
    "scripts": scripts,
    **_by_granularity("audits", audits),
    **_by_granularity("rollouts", rollouts),
}


def main(name: str) -> None:
    """Does the work, and prints its figures."""
    settings.prepare_prefect()
    context = load_context("bench")
    tenants = context.environment.tenants
    for measure, cost in WORKS[name](context, Meter(tenants[0].dsn.text, os.environ)):
        print(Figure(measure=measure, tenants=len(tenants), **dict(cost)).model_dump_json(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
