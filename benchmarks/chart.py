"""How the cost of a tenant grows with the fleet, drawn: milliseconds a tenant, both axes logarithmic. Plain SVG."""

from collections.abc import Iterator
from html import escape
from math import log10

from benchmarks.results import MEANS, Name, Results

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 420, 70, 330, 30, 50
COLOURS = {
    Name.PSQL: "#8a8f98",
    Name.RAW: "#2f6fde",
    Name.ENGINE: "#1a9c6c",
    Name.FLOW_TENANT: "#e08a00",
    Name.EMPTY_TASKS: "#b09bd6",
    Name.FLOW_STEP: "#c2374f",
}
NEAREST_LABELS = 17


def growth(results: Results) -> str:
    """One line a measure."""
    return "\n".join([*_frame(results), *_lines(results), "</svg>", ""])


class _Scale:
    """From tenants and milliseconds to a place in the picture."""

    def __init__(self, results: Results) -> None:
        points = [_point(results, name, size) for name in COLOURS for size in results.sizes(name)]
        self.least, self.most = min(x for x, _ in points), max(x for x, _ in points)
        self.low = 10 ** int(log10(min(y for _, y in points)))
        self.high = 10 ** (int(log10(max(y for _, y in points))) + 1)

    def x(self, tenants: float) -> float:
        span = log10(self.most) - log10(self.least) or 1
        return LEFT + (WIDTH - LEFT - RIGHT) * (log10(tenants) - log10(self.least)) / span

    def y(self, milliseconds: float) -> float:
        share = (log10(milliseconds) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _frame(results: Results) -> Iterator[str]:
    scale = _Scale(results)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13" aria-label="Milliseconds a tenant by size of the fleet">'
    )
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    value = scale.low
    while value <= scale.high:
        y = scale.y(value)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e3e6ea"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{value:,} ms</text>'
        value *= 10
    for tenants in results.sizes(Name.RAW):
        x, y = scale.x(tenants), HEIGHT - BOTTOM + 20
        yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle" fill="#444">{tenants:,}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle" fill="#444">tenants in the fleet</text>'
    yield f'<text x="{LEFT}" y="18" fill="#111">milliseconds a tenant ({escape(results.machine)})</text>'


def _lines(results: Results) -> Iterator[str]:
    scale = _Scale(results)
    ends: list[tuple[float, Name]] = []
    for name, colour in COLOURS.items():
        points = [_point(results, name, size) for size in results.sizes(name)]
        places = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in points)
        yield f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
        yield from (f'<circle cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="3.5" fill="{colour}"/>' for x, y in points)
        ends += [(scale.y(points[-1][1]), name)] if points else []
    lowest = float("-inf")
    for y, name in sorted(ends):
        lowest = max(y, lowest + NEAREST_LABELS)
        label = escape(MEANS[name])
        yield f'<text x="{WIDTH - RIGHT + 12}" y="{lowest + 4:.1f}" fill="{COLOURS[name]}">{label}</text>'


def _point(results: Results, name: Name, tenants: int) -> tuple[int, float]:
    found = results.of(name, tenants)
    assert found is not None
    return tenants, 1000 * found.seconds / tenants
