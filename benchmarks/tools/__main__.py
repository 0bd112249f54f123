"""Runs real migration tools and pgfleet on the same databases: `make tools`, `make tools ARGS="dbmate sqlx"`.

For each tool that PyPI, npm, or Debian provides, there are three databases: the tool has migrated one completely and
one halfway, and one is empty. pgfleet audits them, and rolls out to them and to the tool's ledger. Then the three
schemas and ledgers must be equal, and the tool must find nothing to do. In a fourth database, the tool continues where
pgfleet ended. Where pgfleet does not write the ledger, only the schemas are compared. Tools are installed in a cache
folder. The exit status is 1 if anything differs; a tool that cannot be installed is reported as not available.
"""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import psycopg
from fixtures.servers import Server, started

from benchmarks.tools.project import create_project
from benchmarks.tools.real_tools import NOT_AVAILABLE, REAL_TOOLS, RealTool
from benchmarks.tools.registries import NotAvailable
from benchmarks.tools.trial import Check, Trial
from pgfleet.errors import PgfleetError
from pgfleet.postgres.embedded.binaries import embedded_binaries


def main() -> int:
    """Tries the tools, prints what was seen, and returns the exit status."""
    options = _options().parse_args()
    failed = 0
    with started(embedded_binaries()) as server:
        for real in REAL_TOOLS:
            if options.tools and real.title not in options.tools:
                continue
            try:
                failed += _report(real, server, options.cache)
            except NotAvailable as error:
                print(f"{real.title}: not available: {error}\n", flush=True)
    for tool, reason in NOT_AVAILABLE.items():
        if not options.tools or tool in options.tools:
            print(f"{tool}: not available: {reason}")
    return int(failed > 0)


def _report(real: RealTool, server: Server, cache: Path) -> int:
    """Prints the tool's checks, and returns how many failed. Raises NotAvailable."""
    programs = cache / real.packages.folder
    programs.mkdir(parents=True, exist_ok=True)
    real.packages.install(programs)
    print(f"{real.title} ({real.packages.version})", flush=True)
    checks = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for each in Trial(real, create_project(real, Path(folder) / "all"), server, programs).checks():
                print("\n".join(_lines(each)), flush=True)
                checks.append(each)
        except (RuntimeError, subprocess.SubprocessError, psycopg.Error, PgfleetError) as error:
            checks.append(Check(name="ended early", seen=type(error).__name__, problem=str(error)))
            print("\n".join(_lines(checks[-1])), flush=True)
    failed = sum(bool(each.problem) for each in checks)
    print(f"  {len(checks)} checks, {failed} differ\n", flush=True)
    return failed


def _lines(check: Check) -> Iterator[str]:
    yield f"  {check.name:34} {check.seen:60} {'differs' if check.problem else 'ok'}"
    yield from (f"      {line}" for line in check.problem.splitlines())


def _options() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m benchmarks.tools", description=__doc__)
    parser.add_argument("tools", nargs="*", help="the tools to try; all by default")
    default = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pgfleet" / "tools"
    parser.add_argument("--cache", type=Path, default=default, help="folder in which the tools are installed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
