"""Fleets to be measured: databases on the embedded server, cloned from a template."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import psycopg

from benchmarks.results import THREADS
from pgfleet.fleet.model import TransactionMode
from pgfleet.fleet.secret import Dsn
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.session import Session
from pgfleet.run.files import load_manifest
from pgfleet.run.shipped import sql_folder

MANIFEST = sql_folder() / "manifest.toml"
READY, EMPTY = "bench_template", "template1"
"""The databases that tenants are cloned from: one with the shipped manifest and its seeds, one with nothing."""
DRIFT = {
    1: "DROP INDEX idx_ai_task_queue_status_schedule",
    10: "DROP INDEX idx_ai_conversations_summary_updated",
    100: "DROP INDEX idx_skill_run_reflections_workflow",
}
"""What is done to that percentage of the tenants."""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """A number of tenants, and the fleet file that lists them under the environment `bench`."""

    cluster: Cluster
    file: Path
    tenants: int

    @property
    def databases(self) -> list[str]:
        """The tenants' databases."""
        return [f"tenant{number:04}" for number in range(self.tenants)]

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that lead pgfleet to the fleet."""
        return {"PGFLEET_CONFIG": str(self.file), "PGFLEET_MANIFEST": str(MANIFEST)}

    def recreate(self, template: str) -> None:
        """Drops the databases, and clones them from the template again."""
        self.drop()
        with self._admin() as admin:
            for name in self.databases:
                admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
            admin.execute("CHECKPOINT")

    def drop(self) -> None:
        """Drops the databases."""
        with self._admin() as admin:
            for name in self.databases:
                admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _admin(self) -> psycopg.Connection[tuple[int]]:
        return psycopg.connect(self.cluster.dsn(), autocommit=True)


@contextmanager
def fleet_of(
    cluster: Cluster,
    folder: Path,
    tenants: int,
    template: str,
    *,
    transaction: TransactionMode = TransactionMode.MIGRATION,
    port: int | None = None,
) -> Iterator[Fleet]:
    """A fleet whose databases are clones of the template; they are dropped at the end.

    `port` is the port of a proxy, if pgfleet connects through one.
    """
    _make_template(cluster)
    fleet = Fleet(cluster=cluster, file=folder / f"fleet-{tenants}-{transaction}.toml", tenants=tenants)
    fleet.file.write_text(_fleet_file(fleet, transaction, port or cluster.port), encoding="utf-8")
    try:
        fleet.recreate(template)
        yield fleet
    finally:
        fleet.drop()


def damage(dsns: list[str], percent: int) -> None:
    """Makes that percentage of the databases drift."""
    for dsn in dsns[: ceil(len(dsns) * percent / 100)]:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(DRIFT[percent])


def _fleet_file(fleet: Fleet, transaction: TransactionMode, port: int) -> str:
    lines = [
        "[environments.bench]",
        f"max_connections_per_server = {THREADS}",
        f'transaction = "{transaction}"',
    ]
    for name in fleet.databases:
        dsn = fleet.cluster.dsn(name).replace(f":{fleet.cluster.port}/", f":{port}/")
        lines += ["[[environments.bench.tenants]]", f'name = "{name}"', f'dsn = "{dsn}"']
    return "\n".join([*lines, ""])


def _make_template(cluster: Cluster) -> None:
    manifest = load_manifest(MANIFEST)
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [READY]).fetchone():
            return
        admin.execute(f"CREATE DATABASE {READY}")
    with Session(Dsn(cluster.dsn(READY))) as session:
        for script in (*(each.script for each in manifest.migrations), *(each.script for each in manifest.seeds)):
            session.run_script(script.sql)
