"""What the reports of a plan and of a rollout are made of: matrices, sections, lines."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.rollout import TenantResult
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.reports.issues import Issue
from pgfleet.reports.phrases.audit import sentence

MOST_TENANTS = 60
MOST_DIFFERENCES = 10


def section(heading: str, matters: Sequence[Issue], style: str) -> Iterator[RenderableType]:
    """Matters under their heading; nothing where there are none."""
    if matters:
        yield from (Text(), Text(heading, style="bold"))
    for matter in matters[:MOST_TENANTS]:
        yield indented(Text(matter.title, style=style))
        said = [sentence(each) for each in matter.differences[:MOST_DIFFERENCES]]
        if left_out := len(matter.differences) - len(said):
            said.append(f"… and {left_out} more")
        yield from (indented(Text(line), 4) for line in (*said, *matter.lines))
    if len(matters) > MOST_TENANTS:
        yield indented(Text(f"… and {len(matters) - MOST_TENANTS} more; --format json has them all"))


def new_matrix(
    tenants: Sequence[TenantPlan | TenantResult], manifest: Manifest, *columns: str, is_narrow: bool
) -> tuple[Table, Sequence[Migration]]:
    """A table with a column for each migration that the rollout is about, and these."""
    scope = {each.version for tenant in tenants for each in tenant.migrations}
    chosen = [each for each in manifest.migrations if each.version in scope]
    table = new_table(*columns, whole=len(columns))
    for place, each in enumerate(chosen, start=1):
        header = str(place) if is_narrow else f"{each.priority} {each.version}"
        table.add_column(header, justify="center", no_wrap=True)
    return table, chosen


def legend_of(migrations: Sequence[Migration]) -> Iterator[RenderableType]:
    """Which migrations the columns of a narrow matrix are, by their places."""
    yield Text()
    for place, each in enumerate(migrations, start=1):
        said = f"{place}  {each.priority} {each.file}"
        yield indented(Text(said, style="dim", no_wrap=True, overflow="ellipsis"))


def new_table(*columns: str, whole: int = 1) -> Table:
    """A table whose first `whole` columns are never broken."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        table.add_column(Text(name), no_wrap=place < whole)
    return table


def left_out(tenants: int) -> Iterator[RenderableType]:
    """That some tenants were left out, if there are more than are shown."""
    if tenants > MOST_TENANTS:
        yield Text(f"… and {tenants - MOST_TENANTS} more tenants, none worse; --format json has them all")


def indented(text: Text, spaces: int = 2) -> Padding:
    """The text, so far from the left."""
    return Padding(text, (0, 0, 0, spaces), expand=False)
