"""One measure in a process of its own: `python -m benchmarks.works NAME` prints a `Cost` for each that it took."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg

from benchmarks.results import THREADS, Cost, Name
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.fleet.model import Tenant
from pgfleet.manifest.model import Migration
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.introspection import catalog_query
from pgfleet.postgres.read.run_context import load_context
from pgfleet.postgres.scratch.expected_catalog import find_expected
from pgfleet.run import settings
from pgfleet.run.context import RunContext

SIX_QUERIES = """
SELECT table_name FROM information_schema.tables
WHERE table_name IN ('ai_conversations','ai_messages','ai_task_queue');
SELECT column_name FROM information_schema.columns WHERE table_name = 'ai_conversations' AND column_name = 'summary';
SELECT table_name FROM information_schema.tables WHERE table_name = 'ai_conversation_reflections';
SELECT table_name FROM information_schema.tables WHERE table_name IN ('skill_workflows','skill_run_reflections');
SELECT table_name FROM information_schema.tables WHERE table_name = 'agent_event_logs';
SELECT * FROM information_schema.tables WHERE table_schema = 'ai_guardrails' AND table_name = 'policy_rules';
"""
"""The verification queries of the migration audit's quick reference, to the letter."""


def main(name: Name, context: RunContext) -> None:
    """Takes the measure, whatever must be there first outside of it."""
    for taken in _TAKING[name](context):
        print(taken.model_dump_json(), flush=True)


def psql(context: RunContext) -> Iterator[Cost]:
    """One psql after another, each with all six queries."""
    program = [str(embedded_binaries() / "psql"), "--no-psqlrc", "--quiet", "--output=/dev/null", "--file=-"]

    def work() -> None:
        for tenant in context.environment.tenants:
            subprocess.run([*program, tenant.dsn.text], input=SIX_QUERIES, text=True, check=True)

    yield timed(work)


def raw(context: RunContext) -> Iterator[Cost]:
    """The least that an answer takes."""
    [expected] = _expect(context)
    query = catalog_query(expected.scope, home="public", equivalents=expected.equivalents)

    def read(tenant: Tenant) -> None:
        options = "-c jit=off -c pgfleet.home_path=public"
        with psycopg.connect(tenant.dsn.text, cursor_factory=psycopg.ClientCursor, options=options) as connection:
            connection.execute(query.text, query.parameters).fetchall()

    yield timed(lambda: on_threads(context, read))


def engine(context: RunContext) -> Iterator[Cost]:
    """Every step of an audit, no Prefect."""
    _expect(context)
    yield timed(lambda: on_threads(context, lambda tenant: audit(tenant, context)))


def empty_tasks(context: RunContext) -> Iterator[Cost]:
    """A task for each tenant that calls tasks which do nothing, as many as an audit has steps."""
    from prefect import flow, task  # noqa: PLC0415
    from prefect.task_runners import ThreadPoolTaskRunner  # noqa: PLC0415

    steps, tenants = _steps(context), len(context.environment.tenants)

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
    yield timed(lambda: empty(tenants), task_runs=tenants * (1 + steps))


def audit_flow(context: RunContext, granularity: str) -> Iterator[Cost]:
    """The flow as it is run every night: the expected catalog is known."""
    from pgfleet.flows.audit import audit_fleet  # noqa: PLC0415

    tenants = context.environment.tenants
    audit_fleet("bench", tenants=[tenants[0].name], granularity=granularity, return_state=True)
    task_runs = len(tenants) * (1 + _steps(context) if granularity == "step" else 1)
    yield timed(lambda: audit_fleet("bench", granularity=granularity, return_state=True), task_runs=task_runs)


def raw_rollout(context: RunContext) -> Iterator[Cost]:
    """The same scripts, each in its transaction, and no look at what came of them."""
    scripts = [each.script.sql for each in (*context.manifest.migrations, *context.manifest.seeds)]
    assert all(map(is_transactional, context.manifest.migrations))

    def run(tenant: Tenant) -> None:
        with psycopg.connect(tenant.dsn.text, autocommit=True) as connection:
            for script in scripts:
                connection.execute(script)

    yield timed(lambda: on_threads(context, run))


def rollout(context: RunContext) -> Iterator[Cost]:
    """The flow, and once more when all is done."""
    from pgfleet.flows.audit import audit_fleet  # noqa: PLC0415
    from pgfleet.flows.rollout import rollout_fleet  # noqa: PLC0415

    audit_fleet("bench", tenants=[context.environment.tenants[0].name], granularity="tenant", return_state=True)
    for _ in range(2):
        yield timed(lambda: rollout_fleet("bench", granularity="tenant", return_state=True))


def timed(work: Callable[[], object], *, task_runs: int = 0) -> Cost:
    """Its wall-clock time, and this process' peak of memory so far."""
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(seconds=seconds, ended_at=time.time(), peak_mib=peak_kib / 1024, task_runs=task_runs)


def on_threads(context: RunContext, work: Callable[[Tenant], object]) -> None:
    """The same work for every tenant, THREADS at a time."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, context.environment.tenants))


def is_transactional(migration: Migration) -> bool:
    """Whether it is run in a transaction."""
    return migration.transactional


def _expect(context: RunContext) -> list[ExpectedCatalog]:
    from pgfleet.postgres.tenant_session import open_session  # noqa: PLC0415

    first = context.environment.tenants[0]
    with open_session(first, context) as session:
        major = session.server_major
    replay = context.replay(major, first.home)
    found = find_expected(context, replay, first.dsn)
    context.expectations = {replay: found}
    return [found]


def _steps(context: RunContext) -> int:
    manifest = context.manifest
    return (
        2 + len(manifest.migrations) + len(manifest.seeds) + len(manifest.counts)
    )  # the inspection, and the contracts


_TAKING: dict[Name, Callable[[RunContext], Iterator[Cost]]] = {
    Name.PSQL: psql,
    Name.RAW: raw,
    Name.ENGINE: engine,
    Name.FLOW_TENANT: lambda context: audit_flow(context, "tenant"),
    Name.EMPTY_TASKS: empty_tasks,
    Name.FLOW_STEP: lambda context: audit_flow(context, "step"),
    Name.RAW_ROLLOUT: raw_rollout,
    Name.ROLLOUT: rollout,
}

if __name__ == "__main__":
    settings.prepare_prefect()
    main(Name(sys.argv[1]), load_context("bench"))
