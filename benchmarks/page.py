"""Replaces the tables and the chart of docs/performance.md with those of a results folder."""

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks import chart, table
from benchmarks.results import Part, Results

DOCS = Path("docs")


def update(results: Sequence[Results]) -> None:
    """Writes docs/performance.md and docs/images/growth.svg."""
    page = DOCS / "performance.md"
    page.write_text(replace_tables(page.read_text(encoding="utf-8"), results), encoding="utf-8")
    for each in results:
        if each.part is Part.AUDITS:
            (DOCS / "images" / "growth.svg").write_text(chart.growth(each), encoding="utf-8")


def replace_tables(page: str, results: Sequence[Results]) -> str:
    """The page with the tables of these parts. Raises ValueError if a part has no place in it."""
    for each in results:
        begin, end = f"<!-- bench: {each.part} -->", "<!-- /bench -->"
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        new = f"{begin}\n{table.markdown(each)}\n{end}"
        page, count = place.subn(lambda _, new=new: new, page)
        if count != 1:
            raise ValueError(f"{begin} must be in the page once, not {count} times")
    return page
