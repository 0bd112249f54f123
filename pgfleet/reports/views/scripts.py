"""The scripts of a plan: their hazards, the tables concerned, and their SQL."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.documents.rollout_plan import Gate, HazardEntry, LargestTable, ScriptEntry
from pgfleet.hidden_characters import show_hidden_in_sql
from pgfleet.judge.summary import tenant_count
from pgfleet.reports.blocks import Block, Code, Lines, Section, Table, Tone, section
from pgfleet.rollout.gate import describe_denied
from pgfleet.wording import plural

MOST_LINES = 20
"""How many lines of a script are shown, unless all of them are."""
GATE = {Gate.DENY: "denied", Gate.WARN: "warning", Gate.ALLOWED: "allowed"}
UNIT, UNITS = 1024, ("bytes", "kB", "MB", "GB", "TB", "PB")
DECIMAL_BELOW = 10


def script_sections(scripts: Sequence[ScriptEntry], *, most_lines: int | None = MOST_LINES) -> Iterator[Section]:
    """One section per script; `most_lines` of its SQL are shown, or all if it is None."""
    yield from (_script(each, most_lines) for each in scripts)


def gate_sections(scripts: Sequence[ScriptEntry]) -> Iterator[Section]:
    """What the policy denies and warns of."""
    denied = tuple(_lines(scripts, Gate.DENY))
    yield from (Section(title=each.title, blocks=each.blocks, tone=Tone.BAD) for each in section("Denied", *denied))
    yield from section("Warnings", *_lines(scripts, Gate.WARN))


def _lines(scripts: Iterable[ScriptEntry], gate: Gate) -> Iterator[Block]:
    lines = (describe_denied(script, each) for script in scripts for each in script.hazards if each.gate is gate)
    yield Lines(lines=tuple(lines), tone=Tone.BAD if gate is Gate.DENY else Tone.PLAIN)


def _script(script: ScriptEntry, most_lines: int | None) -> Section:
    actions = "/".join(script.actions) or "import"
    return Section(
        title=f"{script.title}: {actions} in {tenant_count(script.tenants)}",
        blocks=tuple(_blocks(script, most_lines)),
        anchors=(script.version,) if script.version else (),
    )


def _blocks(script: ScriptEntry, most_lines: int | None) -> Iterator[Block]:
    if script.hazards:
        yield Table(title="Hazards", head=("code", "lines", "what"), rows=tuple(_rows(script.hazards)))
    if script.tables:
        yield Lines(title="Tables, where they are largest", lines=tuple(map(_size, script.tables)))
    yield Code(title="SQL", text=folded(script.sql, most_lines), in_full=True)


def _rows(hazards: Iterable[HazardEntry]) -> Iterator[tuple[str, str, str]]:
    """The hazards of the same kind in one row, with all their lines and objects."""
    groups: dict[tuple[str, str], list[HazardEntry]] = {}
    for each in hazards:
        gate = f" ({GATE[each.gate]})" if each.gate else ""
        by = " (squawk)" if each.source == "squawk" else ""
        groups.setdefault((f"{each.code}{gate}", f"{each.detail or each.code.meaning}{by}"), []).append(each)
    for (code, text), group in groups.items():
        lines = dict.fromkeys(str(each.line) for each in group if each.line)
        objects = ", ".join(dict.fromkeys(each.object for each in group if each.object))
        yield code, ", ".join(lines), f"{objects}: {text}" if objects else text


def _size(table: LargestTable) -> str:
    rows = "never analyzed" if table.rows is None else f"about {table.rows:,} rows"
    return f"{table.table}: {rows}, {bytes_text(table.bytes)} in {table.tenant}"


def bytes_text(size: int) -> str:
    """`812 bytes`, `1.2 GB`: in powers of 1024, as PostgreSQL's pg_size_pretty."""
    number, place = float(size), 0
    while number >= UNIT and place < len(UNITS) - 1:
        number, place = number / UNIT, place + 1
    digits = 1 if place and number < DECIMAL_BELOW else 0
    return f"{number:.{digits}f} {UNITS[place]}"


def folded(sql: str, most_lines: int | None) -> str:
    """The SQL without empty lines around it; only its first lines, and how many more there are."""
    lines = show_hidden_in_sql(sql).strip("\n").split("\n")
    if most_lines is None or len(lines) <= most_lines:
        return "\n".join(lines)
    more = len(lines) - most_lines
    return "\n".join((*lines[:most_lines], f"-- … {plural(more, 'more line')}"))
