"""A page as one HTML file that needs no network: no font, no style sheet, and no script of others."""

import base64
import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pgfleet.hidden_characters import KEPT_IN_BLOCKS, show_hidden
from pgfleet.reports.blocks import Block, Column, Matrix, Page, Row, flatten
from pgfleet.reports.phrases.migration_runs import fold_cells, fold_versions
from pgfleet.reports.render.bars import Part, bar, sparkline

MOST_COLUMNS = 16
"""With more migrations, the map shows a tenant's migrations in words, and the table of migrations folds runs."""
MOST_LAID_OUT = 300
"""With more tenants, the browser lays out only the rows in view."""
LOADER = PackageLoader("pgfleet.reports.render")


def _visible(value: object) -> object:
    """A value in a template: a text of others with its hidden characters shown."""
    return show_hidden(value, keep=KEPT_IN_BLOCKS) if type(value) is str else value


ENVIRONMENT = Environment(
    loader=LOADER,
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_visible,
    trim_blocks=True,
    lstrip_blocks=True,
)
IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""What could end a script element, or a line of one, within JSON."""


def render(page: Page) -> str:
    """The page. All values are escaped; the tenants' details are embedded as JSON, which the script shows as text.

    The page's policy admits its own style and script by their digests and nothing else: even if a value were shown as
    markup by mistake, the browser would run nothing of it and send no request.
    """
    matrix = page.view.matrix or Matrix(status_name="", columns=(), rows=())
    tally = Counter(each.status.word for each in matrix.rows)
    is_folded = len(matrix.columns) > MOST_COLUMNS
    order = [each.version for each in matrix.columns]
    return render_template(
        "page.html.jinja",
        script=_source("page.js"),
        page=page,
        view=page.view,
        matrix=matrix,
        most_laid_out=MOST_LAID_OUT,
        is_folded=is_folded,
        folded=[fold_cells(each.cells, order) for each in matrix.rows] if is_folded else [],
        numbers=tally,
        summary_bar=bar({status: float(tally[status.word]) for status, _ in page.statuses}),
        lines={word: sparkline(numbers) for word, numbers in page.trends.items()},
        has_fixes=any(each.fix for each in matrix.rows),
        migrations=_migrations(matrix, page),
        rings=sorted({each.ring for each in matrix.rows if each.ring}),
        variants=sorted({each.variant for each in matrix.rows if each.variant}),
        data=Markup(json_in_script(_data(page))),  # noqa: S704 - escaped for where it stands
    )


def render_template(name: str, *, script: str = "", **values: object) -> str:
    """The template with our style, and a policy that admits this script alone; all values are escaped."""
    style = _source("page.css")
    runs = f"script-src '{_digest(script)}'; " if script else ""
    return ENVIRONMENT.get_template(name).render(
        policy=f"default-src 'none'; style-src '{_digest(style)}'; {runs}img-src data:; base-uri 'none'; "
        "form-action 'none'",
        style=Markup(style),  # noqa: S704 - our own
        script=Markup(script),  # noqa: S704 - our own
        **values,
    )


def json_in_script(data: object) -> str:
    """JSON for a script element, with hidden characters shown: no character of it begins a tag."""
    return json.dumps(_visible_in(data), ensure_ascii=False, separators=(",", ":")).translate(IN_SCRIPT)


def pooled(tenants: Iterable[Iterable[Block]]) -> tuple[list[Block], list[list[int]]]:
    """The distinct blocks, and each tenant's as places among them: most tenants of a fleet share most blocks."""
    places: dict[Block, int] = {}
    chosen = [[places.setdefault(block, len(places)) for block in flatten(blocks)] for blocks in tenants]
    return list(places), chosen


def block_data(block: Block) -> dict[str, object]:
    """The block as JSON, without empty values."""
    return {"kind": block.kind, **{name: value for name, value in asdict(block).items() if value}}


def _visible_in(data: object) -> object:
    if isinstance(data, dict):
        return {name: _visible_in(value) for name, value in data.items()}
    return [*map(_visible_in, data)] if isinstance(data, list | tuple) else _visible(data)


def _data(page: Page) -> dict[str, object]:
    blocks, places = pooled(blocks for _, blocks in page.panels)
    rows = page.view.matrix.rows if page.view.matrix else ()
    tenants = [
        {"lead": lead, "blocks": chosen, **_commands(row)}
        for (lead, _), chosen, row in zip(page.panels, places, rows, strict=True)
    ]
    return {"blocks": [block_data(each) for each in blocks], "tenants": tenants}


def _commands(row: Row) -> dict[str, object]:
    """The commands that fix the tenant without its option, so that the script can name several tenants in one."""
    option = f" --tenant {shlex.quote(row.name)}"
    found = [each.removesuffix(option) for each in row.fix if each.endswith(option)]
    return {"option": option, "fix": found} if found else {}


def _migrations(matrix: Matrix, page: Page) -> list[tuple[str, Column, tuple[Part, ...]]]:
    """A title, a column, and a bar of its cells; many migrations are grouped by their bars."""
    groups: dict[tuple[Part, ...], list[Column]] = {}
    for place, column in enumerate(matrix.columns):
        tally = Counter(row.cells[place] for row in matrix.rows)
        groups.setdefault(bar({status: float(tally[status]) for status, _ in page.legend}), []).append(column)
    if len(matrix.columns) <= MOST_COLUMNS:
        parts_of = {column: parts for parts, group in groups.items() for column in group}
        return [(column.file, column, parts_of[column]) for column in matrix.columns]
    order = [each.version for each in matrix.columns]
    return [(_group_title(group, order), group[0], parts) for parts, group in groups.items()]


def _group_title(columns: Sequence[Column], order: Sequence[str]) -> str:
    if len(columns) == 1:
        return columns[0].file
    return f"{len(columns)} migrations ({fold_versions((each.version for each in columns), order)})"


def _source(name: str) -> str:
    return LOADER.get_source(ENVIRONMENT, name)[0]


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
