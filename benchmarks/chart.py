"""How the cost of a tenant grows with the fleet: milliseconds per tenant, both axes logarithmic, as plain SVG."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import ceil, floor, log10

from benchmarks.measures import MEASURES
from benchmarks.results import Results

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 420, 70, 330, 30, 50
COLORS = {
    "raw": "#2f6fde",
    "engine": "#1a9c6c",
    "engine-again": "#7cc9aa",
    "audit-auto": "#8a5a00",
    "audit-auto-again": "#e08a00",
    "audit-tenant": "#8a8f98",
    "empty-tasks": "#b09bd6",
    "audit-step": "#c2374f",
}
LABEL_DISTANCE = 17
Points = Sequence[tuple[int, float]]


def growth(results: Results) -> str:
    """One line per measure that was taken."""
    lines = {name: points for name in COLORS if (points := _points(results, name))}
    scale = _Scale([point for points in lines.values() for point in points])
    return "\n".join([*_frame(results, scale), *_lines(lines, scale), "</svg>", ""])


class _Scale:
    """From tenants and milliseconds to a place in the picture."""

    def __init__(self, points: Points) -> None:
        self.sizes = sorted({x for x, _ in points})
        self.low = 10 ** floor(log10(min(y for _, y in points)))
        self.high = max(10 ** ceil(log10(max(y for _, y in points))), 10 * self.low)

    def x(self, tenants: int) -> float:
        least, most = self.sizes[0], self.sizes[-1]
        span = log10(most) - log10(least) or 1
        return LEFT + (WIDTH - LEFT - RIGHT) * (log10(tenants) - log10(least)) / span

    def y(self, milliseconds: float) -> float:
        share = (log10(milliseconds) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _frame(results: Results, scale: _Scale) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13" aria-label="Milliseconds per tenant by size of the fleet">'
    )
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    for exponent in range(round(log10(scale.low)), round(log10(scale.high)) + 1):
        y = scale.y(10**exponent)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e3e6ea"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{10**exponent:,} ms</text>'
    for tenants in scale.sizes:
        x, y = scale.x(tenants), HEIGHT - BOTTOM + 20
        yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle" fill="#444">{tenants:,}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle" fill="#444">tenants in the fleet</text>'
    yield f'<text x="{LEFT}" y="18" fill="#111">milliseconds per tenant ({escape(results.machine)})</text>'


def _lines(lines: Mapping[str, Points], scale: _Scale) -> Iterator[str]:
    for name, points in lines.items():
        places = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in points)
        yield f'<polyline points="{places}" fill="none" stroke="{COLORS[name]}" stroke-width="2.5"/>'
        for x, y in points:
            yield f'<circle cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="3.5" fill="{COLORS[name]}"/>'
    lowest = float("-inf")
    for y, name in sorted((scale.y(points[-1][1]), name) for name, points in lines.items()):
        lowest = max(y, lowest + LABEL_DISTANCE)
        label = escape(MEASURES[name].meaning)
        yield f'<text x="{WIDTH - RIGHT + 12}" y="{lowest + 4:.1f}" fill="{COLORS[name]}">{label}</text>'


def _points(results: Results, name: str) -> Points:
    figures = (each for each in results.figures if each.measure == name and each.seconds)
    return sorted((each.tenants, 1000 * (each.seconds or 0.0) / each.tenants) for each in figures)
