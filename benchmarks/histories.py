"""What a replay and a manifest check cost with many migrations: `make histories ARGS=250`.

Prints, for three histories that are not idempotent, the seconds of the replay with its trials and of the manifest
check, the number of scratch databases, and the process's peak of memory.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.parse import build_manifest, parse_document
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.scratch import database
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.evidence import gather_evidence
from pgfleet.postgres.scratch.expected_catalog import build_expected

ALTERATIONS = (
    "ALTER TABLE {table} ADD COLUMN c{n} integer",
    "CREATE INDEX ON {table} (name)",
    "ALTER TABLE {table} ADD CONSTRAINT k{n} CHECK (length(name) < {n}000)",
    "CREATE OR REPLACE FUNCTION f{few}(x int) RETURNS int LANGUAGE sql AS 'SELECT x + {n}'",
    "UPDATE {table} SET name = 'x' WHERE name = 'y'; INSERT INTO {table} (name) VALUES ('row {n}')",
    "ALTER TABLE {table} ALTER COLUMN name SET DEFAULT '{n}'",
    "CREATE VIEW v{n} AS SELECT id FROM {table}",
    "COMMENT ON TABLE {table} IS '{n}'",
)
TABLES = 12


def wide(number: int) -> str:
    """A table of eight columns and two indexes."""
    columns = ", ".join(f"{name} integer" for name in "bcdefg")
    table = f"CREATE TABLE t{number} (id serial PRIMARY KEY, a integer NOT NULL DEFAULT 1, {columns})"
    return f"{table}; CREATE INDEX ON t{number} (a); CREATE INDEX ON t{number} (b)"


def narrow(number: int) -> str:
    """A table of three columns."""
    return f"CREATE TABLE t{number} (id serial PRIMARY KEY, a integer NOT NULL DEFAULT 1, b text)"


def mixed(number: int) -> str:
    """One of a few tables, or an alteration of one of them."""
    if number <= TABLES:
        return f"CREATE TABLE t{number} (id serial PRIMARY KEY, name text)"
    alteration = ALTERATIONS[number % len(ALTERATIONS)]
    return alteration.format(table=f"t{number % TABLES + 1}", n=number, few=number % 5)


def main(migrations: int) -> None:
    """Measures each history on a server of its own."""
    for history in (wide, narrow, mixed):
        manifest = linear_manifest([history(number) for number in range(1, migrations + 1)])
        with Cluster(embedded_binaries()) as cluster:
            admin = Dsn(cluster.dsn())
            with _timed(f"{history.__name__}: replay"), scratch_database(admin, Limits()) as session:
                build_expected(manifest, session)
            with _timed(f"{history.__name__}: manifest check"):
                gather_evidence(manifest, admin, Limits())
            unordered = replace(manifest, migrations=tuple(replace(each, requires=()) for each in manifest.migrations))
            with _timed(f"{history.__name__}: manifest check without requirements"):
                gather_evidence(unordered, admin, Limits())


def linear_manifest(scripts: list[str]) -> Manifest:
    """A manifest of these migrations, each of which requires the one before it."""
    lines = ["format = 1"]
    for number in range(1, len(scripts) + 1):
        lines += ["[[migrations]]", f'file = "{number}_m.sql"', 'priority = "P0"', 'provides = "it"']
        lines += [f'requires = ["{number - 1}"]'] if number > 1 else []
    texts = {f"{number}_m.sql": sql for number, sql in enumerate(scripts, start=1)}
    return build_manifest(parse_document("\n".join(lines), file="manifest.toml"), texts, file="manifest.toml")


@contextmanager
def _timed(name: str) -> Iterator[None]:
    created: list[str] = []
    create = database._create

    def counted(*arguments: object) -> None:
        created.append(name)
        create(*arguments)  # type: ignore[arg-type]

    began = time.perf_counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_create", counted)
        yield
    seconds, peak_mib = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:45} {seconds:7.1f} s  {len(created):3} databases  {peak_mib:5.0f} MiB", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 250)
