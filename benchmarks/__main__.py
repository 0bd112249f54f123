"""What an audit costs beside the raw limit, all in one run: `make bench`, `make bench ARGS=200`.

Ratios within one run are what counts; seconds depend on the machine and on what else it is doing.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from pgfleet import settings
from pgfleet.brief import Brief
from pgfleet.fleet.model import Tenant
from pgfleet.manifest.model import Manifest
from pgfleet.pg.audit import audit
from pgfleet.pg.binaries import embedded_binaries
from pgfleet.pg.briefing import prepare_brief
from pgfleet.pg.cluster import Cluster
from pgfleet.pg.expectation import find_expected
from pgfleet.pg.introspection import catalog_query
from pgfleet.pg.session import Session

THREADS = 8
DEFAULT_TENANTS = 50


def main(tenants: int) -> None:
    """Builds the fleet, takes each measure once, prints them side by side."""
    with tempfile.TemporaryDirectory() as home, Cluster.temporary(embedded_binaries()) as cluster:
        os.environ["PREFECT_HOME"] = home
        brief = build_fleet(cluster, Path(home), tenants)
        measures = {
            "raw limit: connect, one introspection query (psycopg)": lambda: on_threads(brief, read_raw),
            "engine alone: every step, no Prefect": lambda: on_threads(
                brief, lambda brief, tenant: audit(tenant, brief)
            ),
            **prefect_measures(brief),
        }
        seconds = {}
        for name, measure in measures.items():
            seconds[name] = timed(measure)
            print(f"… {name}", file=sys.stderr)
            settle(name)
        print_table(seconds, tenants)


def build_fleet(cluster: Cluster, folder: Path, tenants: int) -> Brief:
    """That many databases with the shipped manifest, and the brief for them."""
    settings.use(config=folder / "fleet.toml")
    settings.quieten_prefect()
    names = [f"tenant{number:04}" for number in range(tenants)]
    tables = [f'[[environments.bench.tenants]]\nname = "{name}"\ndsn = "{cluster.dsn(name)}"\n' for name in names]
    policy = f"[environments.bench]\nmax_connections_per_server = {THREADS}\n"
    (folder / "fleet.toml").write_text("\n".join([policy, *tables]), encoding="utf-8")
    brief = prepare_brief("bench")
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE template_tenant")
        apply(brief.manifest, brief.tenant(names[0]), cluster.dsn("template_tenant"))
        for name in names:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template_tenant")
    major = cluster.major
    brief.expectations = {major: find_expected(brief, major, brief.tenant(names[0]).dsn)}
    return brief


def apply(manifest: Manifest, tenant: Tenant, dsn: str) -> None:
    """Every migration and seed."""
    with Session(type(tenant.dsn)(dsn)) as session:
        for script in (*(each.script for each in manifest.migrations), *(each.script for each in manifest.seeds)):
            session.run_script(script.sql)


def on_threads(brief: Brief, work: Callable[[Brief, Tenant], object]) -> None:
    """The same work for every tenant, THREADS at a time."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda tenant: work(brief, tenant), brief.environment.tenants))


def read_raw(brief: Brief, tenant: Tenant) -> None:
    """The least that an answer takes."""
    [expected] = brief.expectations.values()
    query = catalog_query(expected.scope, home="public", equivalents=expected.equivalents)  # type: ignore[union-attr]
    with psycopg.connect(tenant.dsn.text, cursor_factory=psycopg.ClientCursor, options="-c jit=off") as connection:
        connection.execute(query.text, query.parameters).fetchall()


def prefect_measures(brief: Brief) -> dict[str, Callable[[], object]]:
    """The flow in both granularities, and empty nested tasks of the same number, on a temporary Prefect server."""
    from prefect import flow, task  # noqa: PLC0415
    from prefect.task_runners import ThreadPoolTaskRunner  # noqa: PLC0415

    from flows.audit import audit_fleet  # noqa: PLC0415

    manifest = brief.manifest
    steps = 1 + len(manifest.migrations) + len(manifest.seeds) + len(manifest.counts)

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

    empty(1)  # starts the server, outside the measure
    return {
        "flow, granularity tenant": lambda: audit_fleet("bench", granularity="tenant"),
        f"empty nested Prefect tasks, {steps} a tenant": lambda: empty(len(brief.environment.tenants)),
        "flow, granularity step": lambda: audit_fleet("bench", granularity="step"),
    }


def settle(name: str) -> None:
    """Waits until Prefect's server has written down what the last measure left it, or the next would pay for that."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    before = -1
    while "flow" in name or "Prefect tasks" in name:
        with get_client(sync_client=True) as client:
            now = client.request("POST", "/task_runs/count", json={}).json()
        if now == before:
            return
        before = now
        time.sleep(2)


def timed(measure: Callable[[], object]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    measure()
    return time.perf_counter() - started


def print_table(seconds: dict[str, float], tenants: int) -> None:
    """One line a measure: seconds, milliseconds a tenant, and the ratio to the first."""
    raw = next(iter(seconds.values()))
    print(f"{tenants} tenants, {THREADS} threads, {os.cpu_count()} cores\n")
    for name, taken in seconds.items():
        print(f"{name:55} {taken:8.2f} s {1000 * taken / tenants:8.1f} ms a tenant {taken / raw:8.2f} x")


def tenants_asked_for(arguments: Sequence[str]) -> int:
    """How many, as the command line says."""
    return int(arguments[0]) if arguments else DEFAULT_TENANTS


if __name__ == "__main__":
    main(tenants_asked_for(sys.argv[1:]))
