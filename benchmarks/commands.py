"""Runs other programs, one process per tenant, and pgfleet's commands; what they cost is measured from outside."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.fleets import EMPTY, MANIFEST, READY, Fleet
from benchmarks.meter import Meter
from benchmarks.processes import prefect_server
from benchmarks.results import PEERS, Cost, Figure
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.run.files import load_manifest

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
PGFLEET = str(Path(sys.executable).with_name("pgfleet"))
REPEATS = 5


def peers(fleet: Fleet) -> Iterator[Figure]:
    """What other programs take for the same, PEERS processes at a time. Leaves the databases ready."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        if dbmate := shutil.which("dbmate"):
            fleet.recreate(EMPTY)
            migrations = _dbmate_migrations(folder)
            for measure in ("dbmate", "dbmate-again"):
                yield _per_tenant(measure, fleet, lambda url: _run_dbmate(dbmate, migrations, url))
        fleet.recreate(EMPTY)
        scripts = _script_files(folder)
        for measure in ("psql-scripts", "psql-scripts-again"):
            yield _per_tenant(measure, fleet, lambda url: _psql(url, *(f"--file={each}" for each in scripts)))
        queries = folder / "six-queries.sql"
        queries.write_text(SIX_QUERIES, encoding="utf-8")
        yield _per_tenant("psql-queries", fleet, lambda url: _psql(url, f"--file={queries}"))
        fleet.recreate(READY)
        expected = folder / "expected.sql"
        expected.write_bytes(_run(_pg_dump(fleet.cluster.dsn(READY))))
        yield _per_tenant("pg-dump-diff", fleet, lambda url: _diff(url, expected))


def missing_peers() -> list[str]:
    """A note for each program that is not installed."""
    return [] if shutil.which("dbmate") else ["dbmate is not installed, so it was left out."]


def shared_server_commands(fleet: Fleet) -> Iterator[Figure]:
    """pgfleet's commands with a Prefect server that somebody else started, with Prefect's default settings."""
    fleet.recreate(EMPTY)
    rollout, audit = ("rollout", "bench", "--yes"), ("audit", "bench")
    commands = {
        "command-rollout": rollout,
        "command-rollout-again": rollout,
        "command-audit": audit,
        "command-audit-again": audit,
    }
    with prefect_server({}) as variables, TemporaryDirectory() as state:
        environment = {**fleet.variables, **variables, "PGFLEET_STATE": state}
        meter = Meter(fleet.cluster.dsn(), variables)
        for measure, arguments in commands.items():
            cost = meter.take(lambda given=arguments: _pgfleet(given, environment))
            yield Figure(measure=measure, tenants=fleet.tenants, **dict(cost))


def local_audits(fleet: Fleet) -> Iterator[Figure]:
    """`pgfleet audit --local` of one tenant, from the start of the process to its end."""
    with TemporaryDirectory() as state:
        environment = {**fleet.variables, "PGFLEET_STATE": state}
        costs = [_local_audit(fleet, environment) for _ in range(1 + REPEATS)]
    yield Figure(measure="local-first", tenants=1, **dict(costs[0]))
    middle = median(each.seconds or 0.0 for each in costs[1:])
    [*_, typical] = (each for each in costs[1:] if each.seconds == middle)
    yield Figure(measure="local", tenants=1, **dict(typical))


def has_local() -> bool:
    """Whether `pgfleet audit` has the option --local."""
    return "--local" in subprocess.run([PGFLEET, "audit", "--help"], capture_output=True, text=True, check=True).stdout


def dbmate_migration(sql: str) -> str:
    """A script as a migration of dbmate."""
    return f"-- migrate:up\n{sql}\n-- migrate:down\n"


def _local_audit(fleet: Fleet, environment: Mapping[str, str]) -> Cost:
    arguments = ("audit", "bench", "--local", "--tenant", "tenant0000")
    return Meter(fleet.cluster.dsn()).take(lambda: _pgfleet(arguments, environment))


def _pgfleet(arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
    _run([PGFLEET, *arguments], environment)


def _per_tenant(measure: str, fleet: Fleet, work: Callable[[str], object]) -> Figure:
    urls = [fleet.cluster.dsn(name) for name in fleet.databases]
    with ThreadPoolExecutor(PEERS) as pool:
        cost = Meter(fleet.cluster.dsn()).take(lambda: list(pool.map(work, urls)))
    return Figure(measure=measure, tenants=len(urls), **dict(cost))


def _run(command: list[str], environment: Mapping[str, str] | None = None) -> bytes:
    """Its standard output. Raises RuntimeError, with what it printed, unless it succeeds."""
    variables = {**os.environ, **(environment or {})}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed command does not compile its modules at each start
    done = subprocess.run(command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        program = Path(command[0]).name
        raise RuntimeError(f"{program}: exit status {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout


def _psql(url: str, *options: str) -> None:
    _run([f"{embedded_binaries()}/psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *options, url])


def _pg_dump(url: str) -> list[str]:
    return [f"{embedded_binaries()}/pg_dump", "--schema-only", url]


def _diff(url: str, expected: Path) -> None:
    """Raises RuntimeError if the dump differs. The ignored lines contain a random key."""
    dump = subprocess.Popen(_pg_dump(url), stdout=subprocess.PIPE)
    command = ["diff", "--brief", r"--ignore-matching-lines=^\\\(un\)\?restrict ", str(expected), "-"]
    with dump:
        done = subprocess.run(command, stdin=dump.stdout, capture_output=True, text=True, check=False)
    if done.returncode or dump.returncode:
        raise RuntimeError(f"pg_dump | diff: {done.stdout}{done.stderr}")


def _run_dbmate(program: str, migrations: Path, url: str) -> None:
    _run([program, f"--url={url}?sslmode=disable", f"--migrations-dir={migrations}", "--no-dump-schema", "up"])


def _script_files(folder: Path) -> list[Path]:
    manifest = load_manifest(MANIFEST)
    scripts = [*(each.script for each in manifest.migrations), *(each.script for each in manifest.seeds)]
    files = [folder / f"{number}.sql" for number in range(len(scripts))]
    for file, script in zip(files, scripts, strict=True):
        file.write_text(script.sql, encoding="utf-8")
    return files


def _dbmate_migrations(folder: Path) -> Path:
    migrations = folder / "dbmate"
    migrations.mkdir()
    for number, file in enumerate(_script_files(folder), start=1):
        script = dbmate_migration(file.read_text(encoding="utf-8"))
        (migrations / f"{number:014}_{file.stem}.sql").write_text(script, encoding="utf-8")
    return migrations
