"""The scripts of a plan: their hazards, the tables concerned, and their SQL."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.documents.plan import Gate, HazardEntry, LargestTable, ScriptEntry
from pgfleet.judge.summary import tenant_count
from pgfleet.reports.blocks import Block, Code, Lines, Section, Table, Tone, section
from pgfleet.rollout.gate import describe_denied

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
        rows = tuple(_row(each) for each in script.hazards)
        yield Table(title="Hazards", head=("code", "line", "what"), rows=rows)
    if script.tables:
        yield Lines(title="Tables, where they are largest", lines=tuple(map(_size, script.tables)))
    yield Code(title="SQL", text=folded(script.sql, most_lines), in_full=True)


def _row(hazard: HazardEntry) -> tuple[str, str, str]:
    gate = f" ({GATE[hazard.gate]})" if hazard.gate else ""
    what = ": ".join(filter(None, (hazard.object, hazard.detail or hazard.code.meaning)))
    by = " (squawk)" if hazard.source == "squawk" else ""
    return f"{hazard.code}{gate}", str(hazard.line or ""), f"{what}{by}"


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
    lines = sql.strip("\n").splitlines()
    if most_lines is None or len(lines) <= most_lines:
        return "\n".join(lines)
    more = len(lines) - most_lines
    return "\n".join((*lines[:most_lines], f"-- … {more} more line{'' if more == 1 else 's'}"))
