"""What audits and rollouts cost beside the raw limit and other programs: `make bench ARGS="10 100 1000"`.

Compare ratios within one run: seconds depend on the machine and its load, and a machine that works for minutes may
become slower. So what the others are compared with is measured between them, and the ratio is to the mean. Each part
writes PART.json to the results folder, again after each figure. The tables and the chart are of all parts in it.
"""

import os
import platform
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import chart, page, table
from benchmarks.commands import has_local, local_audits, missing_peers, peers, shared_server_commands
from benchmarks.fleets import EMPTY, READY, fleet_of
from benchmarks.judging import judged
from benchmarks.processes import figures, flow_figures, report
from benchmarks.proxied import counted, delayed
from benchmarks.results import THREADS, Figure, Part, Results, load_all
from pgfleet.fleet.model import TransactionMode
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.run.context import Granularity

MOST_STEP_TENANTS = 1000
"""Above this, granularity step and its empty tasks are left out: they take a tenth of a second per tenant."""


def main() -> None:
    """Measures the parts, writes the results, and prints them."""
    options = _options().parse_args()
    parts = [] if options.docs else options.only
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            print(f"{part}:", file=sys.stderr, flush=True)
            results = _measure(part, options, Path(folder))
            print(f"\n{table.text(results)}\n", flush=True)
    _write(load_all(options.output), options.output)
    if options.docs:
        page.update(load_all(options.output))


def _measure(part: Part, options: Namespace, folder: Path) -> Results:
    found = Results(part=part, machine=_machine(), taken_at=datetime.now(UTC))
    with Cluster(embedded_binaries()) as cluster:
        found.machine += f", PostgreSQL {cluster.major}"
        for figure in PARTS[part](cluster, folder, options, found.notes):
            found.add(figure)
            found.save(options.output)
    return found


def _audits(cluster: Cluster, folder: Path, options: Namespace, notes: list[str]) -> Iterator[Figure]:
    for tenants in options.tenants:
        with fleet_of(cluster, folder, tenants, READY) as fleet:
            for work in ("raw", "engine"):
                yield from figures(work, fleet)
            for granularity in Granularity:
                if granularity is not Granularity.STEP or tenants <= MOST_STEP_TENANTS:
                    yield from flow_figures(f"audits-{granularity}", fleet)
                    yield from figures("raw", fleet)
            if tenants <= MOST_STEP_TENANTS:
                yield from flow_figures("empty-tasks", fleet)
            else:
                notes.append(f"Granularity step was left out at {tenants:,} tenants.")
            yield from flow_figures("drift", fleet)


def _rollouts(cluster: Cluster, folder: Path, options: Namespace, _: list[str]) -> Iterator[Figure]:
    for mode in TransactionMode:
        with fleet_of(cluster, folder, options.rollouts, EMPTY, transaction=mode) as fleet:
            for granularity in Granularity:
                yield from figures("scripts", fleet)
                yield from figures("raw", fleet)
                fleet.recreate(EMPTY)
                yield from flow_figures(f"rollouts-{granularity}", fleet)
                fleet.recreate(EMPTY)


def _peers(cluster: Cluster, folder: Path, options: Namespace, notes: list[str]) -> Iterator[Figure]:
    notes.extend(missing_peers())
    with fleet_of(cluster, folder, options.shared, EMPTY) as fleet:
        yield from map(report, peers(fleet))


def _shared(cluster: Cluster, folder: Path, options: Namespace, notes: list[str]) -> Iterator[Figure]:
    yield from _peers(cluster, folder, options, notes)
    with fleet_of(cluster, folder, options.shared, EMPTY) as fleet:
        yield from map(report, shared_server_commands(fleet))
        yield from map(report, peers(fleet))


def _round_trips(cluster: Cluster, folder: Path, _: Namespace, __: list[str]) -> Iterator[Figure]:
    yield from map(report, counted(cluster, folder))


def _latency(cluster: Cluster, folder: Path, _: Namespace, __: list[str]) -> Iterator[Figure]:
    yield from map(report, delayed(cluster, folder))


def _local(cluster: Cluster, folder: Path, _: Namespace, notes: list[str]) -> Iterator[Figure]:
    if not has_local():
        notes.append("`pgfleet audit` has no option `--local`.")
        return
    with fleet_of(cluster, folder, 1, READY) as fleet:
        yield from map(report, local_audits(fleet))


def _judging(cluster: Cluster, _: Path, __: Namespace, ___: list[str]) -> Iterator[Figure]:
    yield from map(report, judged(cluster))


PARTS: Mapping[Part, Callable[[Cluster, Path, Namespace, list[str]], Iterator[Figure]]] = {
    Part.AUDITS: _audits,
    Part.ROLLOUTS: _rollouts,
    Part.PEERS: _peers,
    Part.SHARED: _shared,
    Part.ROUND_TRIPS: _round_trips,
    Part.LATENCY: _latency,
    Part.LOCAL: _local,
    Part.JUDGING: _judging,
}
BY_DEFAULT = [part for part in Part if part is not Part.PEERS]
"""The peers are measured in the part `shared` too, because its bars are relative to them."""


def _write(results: Sequence[Results], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sections = (f"## {each.part}\n\n{table.markdown(each)}\n" for each in results)
    (folder / "results.md").write_text("\n".join(sections), encoding="utf-8")
    for each in results:
        if each.part is Part.AUDITS:
            (folder / "growth.svg").write_text(chart.growth(each), encoding="utf-8")
    print(f"written to {folder}: {', '.join(sorted(file.name for file in folder.iterdir()))}")


def _options() -> ArgumentParser:
    parser = ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("tenants", nargs="*", type=int, default=[10, 100], help="fleet sizes of the audits (10 100)")
    parser.add_argument(
        "--only", type=_parts, default=BY_DEFAULT, metavar="PART,…", help=f"only these parts: {', '.join(Part)}"
    )
    parser.add_argument("--rollouts", type=int, default=200, metavar="N", help="empty tenants of the rollouts (200)")
    parser.add_argument("--shared", type=int, default=60, metavar="N", help="tenants of the peers and commands (60)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="the results folder")
    parser.add_argument(
        "--docs", action="store_true", help="measure nothing; write the tables of the results folder to docs/"
    )
    return parser


def _parts(text: str) -> list[Part]:
    return [Part(each) for each in text.split(",")]


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {THREADS} threads"


if __name__ == "__main__":
    main()
