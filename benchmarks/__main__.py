"""What audits and rollouts cost beside the raw limit, all in one run: `make bench`, `make bench ARGS="10 100 1000"`.

Ratios within one run are what counts; seconds depend on the machine and on what else it is doing. Each measure is a
process of its own, so that its peak of memory is its own, and each flow has a Prefect server of its own, so that none
pays for what another has left.
"""

import os
import platform
import sys
import tempfile
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import chart, table
from benchmarks.fleets import Fleet, building, clear
from benchmarks.processes import measure, measure_flow
from benchmarks.results import Measure, Name, Results
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster

ROLLOUT_TENANTS = 200
AUDITS = (Name.PSQL, Name.RAW, Name.ENGINE)
FLOWS = (Name.FLOW_TENANT, Name.EMPTY_TASKS, Name.FLOW_STEP)
ROLLOUTS = (Name.RAW_ROLLOUT, Name.ROLLOUT, Name.UNCHANGED_ROLLOUT)


def main() -> None:
    """Builds the fleets, takes each measure, prints them side by side, writes JSON and a chart."""
    options = _options().parse_args()
    results = Results(machine=_machine(), taken_at=datetime.now(UTC), measures=[])
    with tempfile.TemporaryDirectory() as folder, Cluster.temporary(embedded_binaries()) as cluster:
        for tenants in options.tenants:
            fleet = building(cluster, Path(folder), tenants)
            results.measures += _audits(fleet)
            clear(cluster, fleet)
        if options.rollouts:
            fleet = building(cluster, Path(folder), options.rollouts, empty=True)
            results.measures += _rollouts(fleet)
            clear(cluster, fleet)
    print(table.text(results))
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "results.json").write_text(results.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (options.output / "results.md").write_text(table.markdown(results), encoding="utf-8")
    (options.output / "growth.svg").write_text(chart.growth(results), encoding="utf-8")
    print(f"\nwritten: {options.output}/results.json, results.md, growth.svg")


def _options() -> ArgumentParser:
    parser = ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument(
        "tenants", nargs="*", type=int, default=[10, 100], help="sizes of fleets (10 100); 1000 takes long"
    )
    parser.add_argument(
        "--rollouts", type=int, default=ROLLOUT_TENANTS, help="empty tenants to roll out to; 0 for none"
    )
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"), help="the folder of what is written")
    return parser


def _audits(fleet: Fleet) -> list[Measure]:
    found = [_told(measure(name, fleet)) for name in AUDITS]
    return found + [_told(each) for name in FLOWS for each in measure_flow(name, fleet)]


def _rollouts(fleet: Fleet) -> list[Measure]:
    """The raw one last: after it there is nothing left to do."""
    raw, first, second = ROLLOUTS
    found = [_told(each) for each in measure_flow(first, fleet, then=second)]
    fleet.empty_again()
    return [_told(measure(raw, fleet)), *found]


def _told(found: Measure) -> Measure:
    print(f"… {found.tenants:5} tenants  {found.name:28} {found.seconds:8.2f} s", file=sys.stderr, flush=True)
    return found


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
