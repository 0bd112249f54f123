"""The pure parts of the benchmarks: ratios and bars, tables, the chart, the performance page."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import chart, table
from benchmarks.measures import MEASURES, judgments
from benchmarks.meter import CLOCK_TICKS, parse_stat
from benchmarks.page import replace_tables
from benchmarks.results import Figure, Part, Results, load_all

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def results(*figures: Figure, part: Part = Part.AUDITS) -> Results:
    return Results(part=part, machine="2 cores", taken_at=datetime(2026, 11, 27, tzinfo=UTC), figures=list(figures))


def figure(measure: str, seconds: float, tenants: int = 100, **more: float) -> Figure:
    return Figure.model_validate({"measure": measure, "tenants": tenants, "seconds": seconds, **more})


def test_every_base_is_a_measure() -> None:
    bases = {name for each in MEASURES.values() for bar in each.bars for name, _ in bar.bases}
    assert bases | {each.base for each in MEASURES.values() if each.base} <= MEASURES.keys()


def test_a_bar_compares_with_its_base_in_the_same_fleet() -> None:
    found = results(figure("raw", 2), figure("engine", 2.4), figure("raw", 10, 10), figure("engine", 20, 10))
    assert [(each.tenants, each.found, each.is_met) for each in judgments(found)] == [(10, 2, False), (100, 1.2, True)]


def test_granularity_step_is_compared_with_the_engine_and_recorded_empty_tasks() -> None:
    found = results(
        figure("engine", 20, 1000),
        figure("empty-tasks", 50, 1000, recorded_seconds=80),
        figure("audit-step", 100, 1000, recorded_seconds=150, peak_mib=300),
    )
    assert [(each.bar.quantity, each.found) for each in judgments(found)] == [
        ("peak_mib", 300),
        ("recorded_seconds", 1.5),
    ]
    assert "**MISSED**: 1,000 tenants, audit, granularity step: 1.50 until recorded x" in table.text(found)


def test_a_measure_that_is_taken_again_counts_with_its_mean() -> None:
    found = results()
    for seconds, peak_mib in ((2, 80), (3, 90), (4, 70)):
        found.add(figure("raw", seconds, peak_mib=peak_mib, connections=100))
    found.add(figure("engine", 6))
    [raw, engine] = found.figures
    assert (raw.seconds, raw.peak_mib, raw.connections, raw.times) == (3, 90, 100, 3)
    assert [each.found for each in judgments(found)] == [2]
    assert engine.times == 1


def test_a_bar_without_its_base_is_not_judged() -> None:
    assert not [*judgments(results(figure("engine", 2)))]


def test_a_table_leaves_out_empty_columns() -> None:
    lines = table.markdown(results(figure("raw", 2), figure("engine", 2.4))).splitlines()
    assert lines[2:6] == [
        "| tenants | measure | seconds | ms per tenant | ratio |",
        "| ---: | :--- | ---: | ---: | ---: |",
        "| 100 | raw limit: connect, one introspection query | 2.00 | 20.0 | 1.00 |",
        "| 100 | engine, every catalog read in full | 2.40 | 24.0 | 1.20 |",
    ]
    assert "- met: 100 tenants, engine, every catalog read in full: 1.20 x (raw limit" in lines[7]


def test_counts_are_judged_without_a_base() -> None:
    counted = Figure(measure="counted-audit-empty", tenants=1, round_trips=6, catalog_reads=1)
    assert "MISSED**: audit of an empty tenant: 6 round trips, bar 5" in table.text(results(counted))


def test_the_chart_has_a_line_per_measure() -> None:
    svg = ElementTree.fromstring(chart.growth(results(figure("raw", 2), figure("raw", 30, 1000), figure("engine", 3))))
    assert len(svg.findall("{http://www.w3.org/2000/svg}polyline")) == 2


def test_every_part_has_a_place_in_the_performance_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    replaced = replace_tables(page, [results(part=part) for part in Part])
    assert replaced.count("2 cores; 2026-11-27.") == len(Part)
    with pytest.raises(ValueError, match="must be in the page once, not 0 times"):
        replace_tables("", [results()])


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = results(figure("raw", 2))
    found.save(tmp_path)
    assert load_all(tmp_path) == [found]


def test_cpu_time_includes_that_of_ended_children() -> None:
    fields = "42 (post (gres) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 9"
    assert parse_stat(fields) == (42, 7, 100 / CLOCK_TICKS)
