"""The measures side by side."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.results import MEANS, THREADS, Measure, Name, Results

BASES = {
    **dict.fromkeys((Name.PSQL, Name.RAW, Name.ENGINE, Name.FLOW_TENANT, Name.EMPTY_TASKS, Name.FLOW_STEP), Name.RAW),
    **dict.fromkeys((Name.RAW_ROLLOUT, Name.ROLLOUT, Name.UNCHANGED_ROLLOUT), Name.RAW_ROLLOUT),
}
"""What each figure is compared with."""
HEADER = (
    "tenants",
    "measure",
    "seconds",
    "ms a tenant",
    "tenants/s",
    "ratio",
    "recorded after",
    "connections a tenant",
    "peak MiB",
)


def text(results: Results) -> str:
    """For a terminal."""
    rows = [HEADER, *_rows(results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
    lines = [
        "  ".join(_aligned(cell, width, at) for at, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    return "\n".join([_title(results), "", *lines, "", *_bars(results)])


def markdown(results: Results) -> str:
    """For docs/performance.md."""
    rule = ["---:" if place != 1 else ":---" for place in range(len(HEADER))]
    lines = [f"| {' | '.join(row)} |" for row in (HEADER, rule, *_rows(results))]
    return "\n".join([_title(results), "", *lines, "", *(f"- {each}" for each in _bars(results)), ""])


def _title(results: Results) -> str:
    return f"{results.machine}; {THREADS} threads; {results.taken_at:%Y-%m-%d}"


def _rows(results: Results) -> Iterator[Sequence[str]]:
    for each in results.measures:
        base = results.of(BASES[each.name], each.tenants)
        ratio = f"{each.seconds / base.seconds:.2f}" if base else "-"
        per_tenant, rate = 1000 * each.seconds / each.tenants, each.tenants / each.seconds
        connections = f"{each.connections / each.tenants:.2f}"
        recorded = "" if each.recorded_seconds is None else f"{each.recorded_seconds:.2f}"
        figures = (f"{each.seconds:.2f}", f"{per_tenant:.1f}", f"{rate:.1f}", ratio, recorded)
        yield str(each.tenants), MEANS[each.name], *figures, connections, f"{each.peak_mib:.0f}"


def _bars(results: Results) -> Iterator[str]:
    """The bars that the project sets itself, and where each fleet stands."""
    for tenants in results.sizes(Name.RAW):
        found = {each.name: each for each in results.measures if each.tenants == tenants}
        if {Name.RAW, Name.ENGINE, Name.FLOW_TENANT, Name.EMPTY_TASKS, Name.FLOW_STEP} <= {*found}:
            yield from (f"{tenants} tenants: {each}" for each in _bars_of(found))


def _bars_of(found: Mapping[Name, Measure]) -> Iterator[str]:
    seconds, flows = (
        {name: each.seconds for name, each in found.items()},
        (found[Name.FLOW_TENANT], found[Name.FLOW_STEP]),
    )
    engine, tenant = seconds[Name.ENGINE] / seconds[Name.RAW], seconds[Name.FLOW_TENANT] / seconds[Name.RAW]
    step = seconds[Name.EMPTY_TASKS] / seconds[Name.FLOW_STEP]
    yield f"engine {_at_most(engine, 1.25)} x the raw limit"
    yield f"granularity tenant {_at_most(tenant, 2.5)} x the raw limit"
    yield f"granularity step {_at_least(step, 0.85)} of the rate of empty tasks"
    empty, by_step = (found[name].recorded_seconds or 0.0 for name in (Name.EMPTY_TASKS, Name.FLOW_STEP))
    yield f"the same until Prefect has recorded all task runs: {empty / by_step:.2f}"
    yield f"peak memory of the parent {_at_most(max(each.peak_mib for each in flows), 400)} MiB"
    yield from (f"{MEANS[each.name]} leaves {(each.prefect_kib or 0) / 1024:.1f} MiB with Prefect" for each in flows)


def _at_most(found: float, bar: float) -> str:
    return f"{found:.2f} (bar {bar:g}: {'met' if found <= bar else 'MISSED'})"


def _at_least(found: float, bar: float) -> str:
    return f"{found:.2f} (bar {bar:g}: {'met' if found >= bar else 'MISSED'})"


def _aligned(cell: str, width: int, place: int) -> str:
    return cell.ljust(width) if place == 1 else cell.rjust(width)
