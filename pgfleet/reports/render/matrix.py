"""Tenants by migrations at a terminal: a column per migration where they fit, otherwise runs of migrations in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich import console as rich
from rich.console import RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pgfleet.reports.blocks import MOST_TENANTS, Matrix, Row, Status, StatusStyle
from pgfleet.reports.phrases.migration_runs import fold_cells
from pgfleet.reports.render.plain_text import plain_text

MOST_COLUMNS = 16
WIDEST = 10_000
WIDEST_ELSEWHERE = 160
"""Where the text is no terminal's, and its lines are not bounded."""
NARROWEST_TEXT = 44
"""Characters that a folded row needs next to the tenant; otherwise, it is drawn on a line of its own."""


@dataclass(frozen=True, slots=True)
class MatrixTable:
    """The matrix in the first form that fits: by version, by place with a legend, folded, or folded below the name."""

    matrix: Matrix
    styles: Mapping[StatusStyle, str]

    def __rich_console__(self, console: rich.Console, options: rich.ConsoleOptions) -> RenderResult:
        """Draw it for the console's width."""
        yield from self._drawn(console, options)
        if (left_out := len(self.matrix.rows) - MOST_TENANTS) > 0:
            yield Text(f"… and {left_out} more tenants, none worse; --format json has them all")

    def _drawn(self, console: rich.Console, options: rich.ConsoleOptions) -> Iterator[RenderableType]:
        def width(table: Table) -> int:
            return console.measure(table, options=options.update(max_width=WIDEST)).maximum

        room = options.max_width if options.is_terminal else min(options.max_width, WIDEST_ELSEWHERE)
        columns = self.matrix.columns
        if len(columns) <= MOST_COLUMNS:
            wide = self._table([f"{each.priority} {each.version}" for each in columns])
            if width(wide) <= room:
                yield wide
                return
            numbered = self._table([str(place) for place in range(1, len(columns) + 1)], is_short=True)
            if width(numbered) <= room:
                yield numbered
                yield Text()
                for place, each in enumerate(columns, start=1):
                    yield Padding(plain_text(f"{place}  {each.priority} {each.file}", "dim"), (0, 0, 0, 2))
                return
        folded = self._folded()
        if min(width(folded), width(self._table([])) + NARROWEST_TEXT) <= room:
            yield folded
        else:
            yield from self._listed()

    @property
    def _shown(self) -> Sequence[Row]:
        return self.matrix.rows[:MOST_TENANTS]

    @property
    def _has_rings(self) -> bool:
        return any(each.ring for each in self.matrix.rows)

    def _table(self, headers: Sequence[str], *, is_short: bool = False) -> Table:
        table = self._new_table()
        for header in headers:
            table.add_column(header, justify="center", no_wrap=True)
        for row in self._shown:
            cells = (self._mark(each, is_short=is_short) for each in row.cells) if headers else ()
            table.add_row(*self._heads(row), *cells)
        return table

    def _folded(self) -> Table:
        table = self._new_table()
        table.add_column("migrations", overflow="fold")
        for row in self._shown:
            table.add_row(*self._heads(row), self._folded_cells(row))
        return table

    def _listed(self) -> Iterator[RenderableType]:
        for row in self._shown:
            yield Text("  ").join(self._heads(row))
            yield Padding(self._folded_cells(row), (0, 0, 0, 2), expand=False)

    def _new_table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("tenant", *(("ring",) if self._has_rings else ()), self.matrix.status_name):
            table.add_column(name, no_wrap=True)
        return table

    def _heads(self, row: Row) -> list[Text]:
        ring = [plain_text(row.ring, "dim")] if self._has_rings else []
        return [plain_text(row.name), *ring, self._mark(row.status)]

    def _mark(self, status: Status, *, is_short: bool = False) -> Text:
        shown = (status.short if is_short else "") or status.mark or status.word
        return plain_text(shown, self.styles[status.style])

    def _folded_cells(self, row: Row) -> Text:
        found = fold_cells(row.cells, [each.version for each in self.matrix.columns])
        return Text(" · ").join(plain_text(each.word, self.styles[each.style]) for each in found)
