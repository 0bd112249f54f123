"""Runs the walkthrough of docs/walkthrough.md on an embedded server, and writes the page: each command with its output.

.venv/bin/python docs/walkthrough/walkthrough.py [FILE]
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster

Done = subprocess.CompletedProcess[str]
Runner = Callable[..., Done]
"""Runs a command line in a folder, with environment variables."""
HERE = Path(__file__).parent
PAGE = HERE.parent / "walkthrough.md"
TENANTS = ("acme", "borealis", "cobalt", "dune")
ROWS = "INSERT INTO customers (email, fax) SELECT 'c' || n || '@example.com', '555' FROM generate_series(1, 100) AS n"
DRIFT = "DROP INDEX customers_email; CREATE INDEX customers_email ON customers (email)"
LOSS = "DROP TABLE coupons"
LATER = 5
"""The step before which a week passes."""
NEW = HERE / "004_drop_fax.sql"
DROP_FAX = NEW.read_text(encoding="utf-8").rstrip()
ALLOWED = '\n[[migrations]]\nfile = "migrations/004_drop_fax.sql"\nallows = ["DELETES_DATA"]\n'
STEPS = (
    (
        (
            "A shop has a database for each customer, and a folder of migrations that somebody has run by hand, with "
            "psql. pgfleet reads the folder, and writes a manifest for it:"
        ),
        "pgfleet manifest init migrations --output manifest.toml",
    ),
    (
        (
            "The first audit compares every database with what the migrations create, and changes nothing. In one "
            "database, somebody has built an index differently. Another database is new:"
        ),
        "pgfleet audit shop",
    ),
    (
        (
            "A dry run shows the plan, and runs it in transactions that are rolled back. pgfleet adopts what was "
            "migrated by hand: it records the migrations, and runs nothing:"
        ),
        "pgfleet rollout shop --dry-run",
    ),
    ("The rollout itself asks at a terminal. Elsewhere, it needs `--yes`:", "pgfleet rollout shop --yes"),
    (
        (
            "A week later, somebody has dropped a table of dune's with all its rows, and a developer adds a migration "
            f"that drops a column:\n\n```sql\n-- migrations/{NEW.name}\n{DROP_FAX}\n```\n\n"
            "The plan says what it does, and the rollout is refused before it writes anything:"
        ),
        "pgfleet rollout shop --yes",
    ),
    (
        (
            "Nobody needs the values any more, so the manifest allows the hazard for this migration:\n\n"
            f"```toml{ALLOWED}```\n\n"
            "With `--repair`, the rollout also fixes the index. It does not create the lost table again, because an "
            "empty table would hide that its rows are lost. The report says so, and the exit status is 1. What "
            "remains is to restore the table from a backup, or to agree to an empty one (`pgfleet rollout shop "
            "--recreate coupons`):"
        ),
        "pgfleet rollout shop --yes --repair",
    ),
)
VOLATILE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b"), "…"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "…"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "2026-11-27 08:00"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min)\b"), "… s"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:5432"),
    (re.compile(r"about [\d,]+ rows?, \d+ kB"), "about 100 rows, 48 kB"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


def run_process(command: list[str], folder: Path, **variables: str) -> Done:
    """Runs a command as a process."""
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def main(page: Path, runner: Runner = run_process) -> None:
    """Writes the page."""
    with shop() as (cluster, folder):
        write_page(page, cluster, folder, runner)


@contextmanager
def shop() -> Iterator[tuple[Cluster, Path]]:
    """The server with the shop's databases, and its folder."""
    with Cluster(embedded_binaries()) as cluster, tempfile.TemporaryDirectory() as folder:
        prepare(cluster, Path(folder))
        yield cluster, Path(folder)


def write_page(page: Path, cluster: Cluster, folder: Path, runner: Runner) -> None:
    """Runs the commands in the shop's folder, and writes the page."""
    text = "\n\n".join(["# Tutorial", INTRODUCTION, *steps(cluster, folder, runner)])
    page.write_text(f"{text}\n", encoding="utf-8")


INTRODUCTION = (
    "This tutorial shows what pgfleet does with four databases that it has never seen, from the first audit to the "
    "last fix. A test runs these commands and compares their output with this page. To try pgfleet without setting "
    "anything up, run `pgfleet demo`, which creates a similar fleet."
)


def prepare(cluster: Cluster, folder: Path) -> None:
    """The shop's databases, and its folder with the fleet file and the migrations."""
    shutil.copytree(HERE / "migrations", folder / "migrations")
    scripts = [each.read_text(encoding="utf-8") for each in sorted((HERE / "migrations").iterdir())]
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        for name in TENANTS:
            admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{cluster.password}'")
            admin.execute(f"CREATE DATABASE {name} OWNER {name}")
    for name in TENANTS:
        with psycopg.connect(cluster.dsn(name, name), autocommit=True) as connection:
            for script in (*scripts, ROWS, DRIFT if name == "borealis" else "") if name != "cobalt" else ():
                connection.execute(script)
            connection.execute("ANALYZE")
    passfile = folder / "passfile"
    passfile.touch(mode=0o600)
    passfile.write_text(f"*:*:*:*:{cluster.password}\n", encoding="utf-8")
    server = f"host=127.0.0.1 port={cluster.port} passfile={passfile}"
    scratch_dsn = f'scratch_dsn = "{server} user=postgres dbname=postgres"'
    lines = ["[environments.shop]", 'rings = ["canary", "main"]', scratch_dsn, ""]
    for name in TENANTS:
        dsn = f"{server} user={name} dbname={name}"
        ring = "canary" if name == "acme" else "main"
        lines += ["[[environments.shop.tenants]]", f'name = "{name}"', f'ring = "{ring}"', f'dsn = "{dsn}"', ""]
    (folder / "fleet.toml").write_text("\n".join(lines), encoding="utf-8")


def steps(cluster: Cluster, folder: Path, runner: Runner) -> Iterator[str]:
    """Each step: the text, the command, its output, and its exit status if that is not 0."""
    for number, (text, command) in enumerate(STEPS, start=1):
        if number == LATER:
            shutil.copy(NEW, folder / "migrations")
            with psycopg.connect(cluster.dsn("dune"), autocommit=True) as connection:
                connection.execute(LOSS)
        if number == LATER + 1:
            with (folder / "manifest.toml").open("a", encoding="utf-8") as manifest:
                manifest.write(ALLOWED)
        output, status = run(command, folder, runner)
        closing = f"\n\nExit status {status}." if status else ""
        yield f"{text}\n\n```console\n$ {command}\n{output.strip()}\n```{closing}"


def run(command: str, folder: Path, runner: Runner) -> tuple[str, int]:
    """The output of a command without what differs from run to run, and its exit status."""
    program = Path(sysconfig.get_path("scripts")) / "pgfleet"
    variables = {"PREFECT_HOME": str(folder / "prefect"), "PGFLEET_CONFIG": "", "PGFLEET_MANIFEST": ""}
    done = runner([str(program), *command.split()[1:]], folder, **variables, COLUMNS="100", NO_COLOR="1")
    errors = [line for line in done.stderr.splitlines() if line.startswith("pgfleet: ")]
    text = "\n".join([done.stdout.rstrip(), *errors])
    for pattern, value in VOLATILE:
        text = pattern.sub(value, text)
    return text.replace(str(folder), "."), done.returncode


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)
