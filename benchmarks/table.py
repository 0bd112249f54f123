"""The figures side by side: for a terminal, and as Markdown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.measures import MEASURES, Judgment, in_order, judgments
from benchmarks.results import Figure, Results


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its title, and its cell for a figure, empty if there is nothing to show."""

    title: str
    cell: Callable[[Figure, Results], str]
    is_number: bool = True


def _per_tenant_ms(quantity: str) -> Callable[[Figure, Results], str]:
    def cell(figure: Figure, _: Results) -> str:
        value = getattr(figure, quantity)
        return "" if value is None else f"{1000 * value / figure.tenants:,.1f}"

    return cell


def _ratio(figure: Figure, results: Results) -> str:
    base = MEASURES[figure.measure].base
    other = results.of(base, figure.tenants, figure.delay_ms) if base else None
    return f"{figure.seconds / other.seconds:.2f}" if other and other.seconds and figure.seconds is not None else ""


def _plain(quantity: str, form: str, *, per_tenant: bool = False) -> Callable[[Figure, Results], str]:
    def cell(figure: Figure, _: Results) -> str:
        value = getattr(figure, quantity)
        return "" if value is None else format(value / figure.tenants if per_tenant else value, form)

    return cell


COLUMNS = (
    Column(title="tenants", cell=_plain("tenants", ",")),
    Column(title="round-trip time, ms", cell=_plain("delay_ms", "d")),
    Column(title="measure", cell=lambda figure, _: MEASURES[figure.measure].meaning, is_number=False),
    Column(title="seconds", cell=_plain("seconds", ",.2f")),
    Column(title="ms per tenant", cell=_per_tenant_ms("seconds")),
    Column(title="ratio", cell=_ratio),
    Column(title="client CPU", cell=_per_tenant_ms("client_cpu_seconds")),
    Column(title="server CPU", cell=_per_tenant_ms("server_cpu_seconds")),
    Column(title="Prefect CPU", cell=_per_tenant_ms("prefect_cpu_seconds")),
    Column(title="recorded after, s", cell=_plain("recorded_seconds", ",.1f")),
    Column(title="Prefect KiB", cell=_plain("prefect_kib", ",.1f", per_tenant=True)),
    Column(title="connections", cell=_plain("connections", ".2f", per_tenant=True)),
    Column(title="peak MiB", cell=_plain("peak_mib", ".0f")),
    Column(title="round trips", cell=_plain("round_trips", "d")),
    Column(title="catalog reads", cell=_plain("catalog_reads", "d")),
)
UNITS = {
    "seconds": " s",
    "peak_mib": " MiB peak memory",
    "round_trips": " round trips",
    "catalog_reads": " catalog reads",
}


def text(results: Results) -> str:
    """For a terminal."""
    rows, columns = _rows(results)
    widths = [max(len(row[place]) for row in rows) for place in range(len(columns))]
    lines = [
        "  ".join(
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        )
        for row in rows
    ]
    return "\n".join([_title(results), "", *lines, "", *_bar_lines(results), *results.notes])


def markdown(results: Results) -> str:
    """For docs/performance.md."""
    rows, columns = _rows(results)
    rule = ["---:" if each.is_number else ":---" for each in columns]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]
    bars = [f"- {each}" for each in _bar_lines(results)]
    return "\n".join(
        [_title(results), "", *lines, *([""] if bars else []), *bars, *(f"\n{each}" for each in results.notes)]
    )


def _title(results: Results) -> str:
    return f"{results.machine}; {results.taken_at:%Y-%m-%d}."


def _rows(results: Results) -> tuple[list[Sequence[str]], list[Column]]:
    """The title row and one row per figure, without columns that are empty."""
    figures = in_order(results.figures)
    columns = [each for each in COLUMNS if any(each.cell(figure, results) for figure in figures)]
    if {each.tenants for each in figures} <= {1}:
        columns = [each for each in columns if each.title not in {"tenants", "ms per tenant"}]
    cells = [[each.cell(figure, results) for each in columns] for figure in figures]
    return [[each.title for each in columns], *cells], columns


def _bar_lines(results: Results) -> Iterator[str]:
    for each in judgments(results):
        yield f"{'met' if each.is_met else '**MISSED**'}: {_subject(each)}: {_comparison(each)}"


def _subject(judgment: Judgment) -> str:
    tenants = f"{judgment.tenants:,} tenants, " if judgment.tenants > 1 else ""
    return f"{tenants}{judgment.measure.meaning}"


def _comparison(judgment: Judgment) -> str:
    bar, found = judgment.bar, judgment.found
    if not bar.bases:
        return f"{found:,.3g}{UNITS[bar.quantity]}, bar {bar.limit:g}"
    bases = " + ".join(_base(name, quantity) for name, quantity in bar.bases)
    until = " until recorded" if bar.quantity == "recorded_seconds" else ""
    return f"{found:.2f}{until} x ({bases}), bar {bar.limit:g}"


def _base(name: str, quantity: str) -> str:
    return f"{MEASURES[name].meaning}{' until recorded' if quantity == 'recorded_seconds' else ''}"
