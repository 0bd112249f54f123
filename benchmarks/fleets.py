"""Fleets to be measured: databases on the embedded server, cloned from a template."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.results import THREADS
from pgfleet.fleet.secret import Dsn
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.session import Session
from pgfleet.run.files import load_manifest
from pgfleet.run.shipped import sql_folder

MANIFEST = sql_folder() / "manifest.toml"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """So many tenants, and the fleet file that lists them under the environment `bench`."""

    cluster: Cluster
    file: Path
    names: list[str]

    def connections(self) -> int:
        """How many sessions there have been with the tenants' databases (PostgreSQL manual, 27.2.18)."""
        with self._admin() as admin:
            admin.execute("SELECT pg_stat_force_next_flush()")
            [found] = admin.execute("SELECT sum(sessions)::int FROM pg_stat_database WHERE datname LIKE 'tenant%'")
        return found[0] or 0

    def empty_again(self) -> None:
        """All databases anew, with nothing in them."""
        clear(self.cluster, self)
        _create(self.cluster, self.names, "template1")

    def _admin(self) -> psycopg.Connection[tuple[int]]:
        return psycopg.connect(self.cluster.dsn(), autocommit=True)


def building(cluster: Cluster, folder: Path, tenants: int, *, empty: bool = False) -> Fleet:
    """That many databases with the shipped manifest and its seeds, or with nothing."""
    names = [f"tenant{number:04}" for number in range(tenants)]
    template = "template1" if empty else _template(cluster)
    _create(cluster, names, template)
    tables = [f'[[environments.bench.tenants]]\nname = "{name}"\ndsn = "{cluster.dsn(name)}"\n' for name in names]
    policy = f"[environments.bench]\nmax_connections_per_server = {THREADS}\n"
    file = folder / f"fleet-{tenants}.toml"
    file.write_text("\n".join([policy, *tables]), encoding="utf-8")
    return Fleet(cluster=cluster, file=file, names=names)


def clear(cluster: Cluster, fleet: Fleet) -> None:
    """Drops the fleet's databases."""
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        for name in fleet.names:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _template(cluster: Cluster) -> str:
    name, manifest = "bench_template", load_manifest(MANIFEST)
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        admin.execute(f"CREATE DATABASE {name}")
    with Session(Dsn(cluster.dsn(name))) as session:
        for script in (*(each.script for each in manifest.migrations), *(each.script for each in manifest.seeds)):
            session.run_script(script.sql)
    return name


def _create(cluster: Cluster, names: list[str], template: str) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        for name in names:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        admin.execute("CHECKPOINT")
