"""Measures through a proxy in front of the server: round trips and catalog reads, and longer round-trip times."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
from fixtures.proxy import CountingProxy

from benchmarks.engine import carry_out, expect, plan, read_raw, remember, run_scripts
from benchmarks.fleets import EMPTY, MANIFEST, READY, Fleet, damage, fleet_of
from benchmarks.results import Cost, Figure
from pgfleet.fleet.model import Tenant, TransactionMode
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.run_context import load_context
from pgfleet.run import settings
from pgfleet.run.context import RunContext

CATALOG_READS = (b"\nWITH home_path AS MATERIALIZED", b"\nEXECUTE pgfleet_")
"""What begins the introspection query, and what runs it once it is prepared."""
DELAYS_MS = (0, 1, 20)
TENANTS = 5
"""Of each measure with a delay, one after another."""
Step = tuple[str, Callable[[], object]]


def counted(cluster: Cluster, folder: Path) -> Iterator[Figure]:
    """The round trips and catalog reads of one tenant, without the round trips of one connection."""
    for mode in TransactionMode:
        with (
            closing(CountingProxy(cluster.port, *CATALOG_READS)) as proxy,
            fleet_of(cluster, folder, 1, EMPTY, transaction=mode, port=proxy.port) as fleet,
        ):
            connecting = _connecting(cluster, proxy)
            context = _context(fleet.file)
            [tenant] = context.environment.tenants
            for name, step in _steps(tenant, context, cluster, f"counted-rollout-{mode}"):
                trips, reads = proxy.round_trips, proxy.found
                step()
                cost = Cost(round_trips=proxy.round_trips - trips - connecting, catalog_reads=proxy.found - reads)
                if mode is TransactionMode.MIGRATION or "rollout" in name:
                    yield Figure(measure=name, tenants=1, **dict(cost))


def _steps(tenant: Tenant, context: RunContext, cluster: Cluster, rollout: str) -> Iterator[Step]:
    entries = []

    def look() -> None:
        entries.append(audit(tenant, context))

    def again() -> None:
        look()
        carry_out(tenant, plan(entries[-1], context), context)

    remember(context, [])
    yield "counted-audit-empty", look
    planned = plan(entries[-1], context)
    yield rollout, lambda: carry_out(tenant, planned, context)
    yield f"{rollout}-again", again
    yield "counted-audit", look
    remember(context, entries[-1:])
    yield "counted-audit-again", look
    damage([cluster.dsn("tenant0000")], 100)
    remember(context, [])
    yield "counted-audit-drifted", look


def delayed(cluster: Cluster, folder: Path) -> Iterator[Figure]:
    """The time per tenant, one tenant after another, with each artificial round-trip time."""
    for delay_ms in DELAYS_MS:
        with (
            closing(CountingProxy(cluster.port, delay_seconds=delay_ms / 1000)) as proxy,
            fleet_of(cluster, folder, TENANTS, EMPTY, port=proxy.port) as fleet,
        ):
            context = _context(fleet.file)
            for name, work in _works(context, fleet):
                started = time.perf_counter()
                for tenant in context.environment.tenants:
                    work(tenant)
                seconds = time.perf_counter() - started
                yield Figure(measure=name, tenants=TENANTS, delay_ms=delay_ms, seconds=seconds)


def _works(context: RunContext, fleet: Fleet) -> Iterator[tuple[str, Callable[[Tenant], object]]]:
    [expected] = context.expectations.values()
    remember(context, [])
    plans = {each.name: plan(audit(each, context), context) for each in context.environment.tenants}
    entries = {}

    def look(tenant: Tenant) -> None:
        entries[tenant.name] = audit(tenant, context)

    def again(tenant: Tenant) -> None:
        look(tenant)
        carry_out(tenant, plan(entries[tenant.name], context), context)

    yield "delayed-scripts", lambda tenant: run_scripts(tenant, context)
    fleet.recreate(EMPTY)
    yield "delayed-rollout", lambda tenant: carry_out(tenant, plans[tenant.name], context)
    yield "delayed-rollout-again", again
    yield "delayed-raw", lambda tenant: read_raw(tenant, expected)
    yield "delayed-audit", look
    remember(context, [*entries.values()])
    yield "delayed-audit-again", look


def _context(file: Path) -> RunContext:
    settings.use(config=file, manifest=MANIFEST)
    context = load_context("bench")
    expect(context)
    return context


def _connecting(cluster: Cluster, proxy: CountingProxy) -> int:
    """The round trips of a connection that does nothing."""
    before = proxy.round_trips
    psycopg.connect(cluster.dsn(READY).replace(f":{cluster.port}/", f":{proxy.port}/")).close()
    time.sleep(0.1)  # the proxy's thread counts the message that ends the session
    return proxy.round_trips - before
