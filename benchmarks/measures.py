"""Every measure: its name, its meaning, what it is compared with, and its bars."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.results import Figure, Results
from pgfleet.fleet.model import TransactionMode
from pgfleet.run.context import Granularity

DRIFT_PERCENTS = (1, 10, 100)
MIGRATIONS_JUDGED = (100, 300)
MOST_MIGRATIONS_IN_A_SECOND = 300


@dataclass(frozen=True, kw_only=True)
class Bar:
    """At most `limit`, or at most `limit` times the sum of the bases' figures.

    `quantity` is an attribute of `Cost`. A base may have another quantity: `("empty-tasks", "recorded_seconds")`.
    `from_tenants` is the size of the smallest fleet that the bar is for.
    """

    limit: float
    quantity: str = "seconds"
    bases: tuple[tuple[str, str], ...] = ()
    from_tenants: int = 0


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure; `base` is the measure that its ratio is relative to."""

    name: str
    meaning: str
    base: str | None = None
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judgment:
    """How one figure compares with a bar. `found` and `limit` are ratios if the bar has bases."""

    measure: Measure
    bar: Bar
    tenants: int
    found: float

    @property
    def is_met(self) -> bool:
        """Whether the figure is within the bar."""
        return self.found <= self.bar.limit


def times(limit: float, *bases: str, from_tenants: int = 0) -> Bar:
    """At most this number of times the seconds of the bases."""
    return Bar(limit=limit, bases=tuple((each, "seconds") for each in bases), from_tenants=from_tenants)


MEMORY = Bar(limit=400, quantity="peak_mib", from_tenants=1000)


def _audits() -> Iterator[Measure]:
    yield Measure(name="raw", meaning="raw limit: connect, one introspection query", base="raw")
    yield Measure(name="engine", meaning="engine, every catalog read in full", base="raw", bars=(times(1.25, "raw"),))
    again = "engine, unchanged since the last audit"
    yield Measure(name="engine-again", meaning=again, base="raw", bars=(times(0.5, "raw"),))
    for each in Granularity:
        meaning = f"audit, granularity {each}"
        bars = (MEMORY, *((STEP,) if each is Granularity.STEP else ()))
        yield Measure(name=f"audit-{each}", meaning=meaning, base="raw", bars=bars)
        bars = (times(1.0, "raw", from_tenants=1000),) if each is Granularity.AUTO else ()
        yield Measure(name=f"audit-{each}-again", meaning=f"{meaning}, again: unchanged", base="raw", bars=bars)
    for percent in DRIFT_PERCENTS:
        bars = (times(1.0, "raw", from_tenants=1000),) if percent == DRIFT_PERCENTS[0] else ()
        meaning = f"audit, {percent} % of the tenants drifted since the last audit"
        yield Measure(name=f"audit-drifted-{percent}", meaning=meaning, base="raw", bars=bars)
    yield Measure(name="empty-tasks", meaning="empty nested Prefect tasks, as many as granularity step has", base="raw")


STEP = Bar(
    limit=1.25,
    quantity="recorded_seconds",
    bases=(("engine", "seconds"), ("empty-tasks", "recorded_seconds")),
    from_tenants=1000,
)
ROLLOUT_BARS = {Granularity.TENANT: (times(5, "scripts"),), Granularity.AUTO: (times(8, "scripts"),)}


def _rollouts() -> Iterator[Measure]:
    yield Measure(name="scripts", meaning="connect, run the same scripts", base="scripts")
    for mode in TransactionMode:
        for each in Granularity:
            meaning = f"rollout, granularity {each}, a transaction per {mode}"
            yield Measure(
                name=f"rollout-{each}-{mode}", meaning=meaning, base="scripts", bars=ROLLOUT_BARS.get(each, ())
            )
            bars = () if each is Granularity.STEP else (times(1.5, "raw"),)
            yield Measure(
                name=f"rollout-{each}-{mode}-again", meaning="the same again, nothing to do", base="raw", bars=bars
            )


def _peers() -> Iterator[Measure]:
    yield Measure(name="psql-scripts", meaning="psql, the rollout's scripts", base="psql-scripts")
    yield Measure(name="psql-scripts-again", meaning="psql, the scripts again", base="psql-scripts-again")
    yield Measure(name="psql-queries", meaning="psql, the migration audit's six queries", base="psql-queries")
    yield Measure(name="pg-dump-diff", meaning="pg_dump piped into diff", base="psql-queries")
    yield Measure(name="dbmate", meaning="dbmate, the same migrations", base="psql-scripts")
    yield Measure(name="dbmate-again", meaning="dbmate again, nothing to do", base="psql-scripts-again")


def _shared() -> Iterator[Measure]:
    for name, meaning, base, limit in (
        ("command-rollout", "pgfleet rollout", "psql-scripts", 8),
        ("command-rollout-again", "pgfleet rollout again, nothing to do", "psql-scripts-again", 3),
        ("command-audit", "pgfleet audit", "psql-queries", None),
        ("command-audit-again", "pgfleet audit again: unchanged", "psql-queries", 1.0),
    ):
        yield Measure(name=name, meaning=meaning, base=base, bars=(times(limit, base),) if limit else ())


def _counted() -> Iterator[Measure]:
    def bars(trips: int, reads: int | None = None) -> tuple[Bar, ...]:
        found = {"round_trips": trips, "catalog_reads": reads}
        return tuple(Bar(limit=limit, quantity=name) for name, limit in found.items() if limit is not None)

    yield Measure(name="counted-audit", meaning="audit of a ready tenant", bars=bars(2))
    yield Measure(name="counted-audit-again", meaning="audit of an unchanged tenant", bars=bars(2))
    yield Measure(name="counted-audit-empty", meaning="audit of an empty tenant", bars=bars(5))
    yield Measure(name="counted-audit-drifted", meaning="audit of a drifted tenant", bars=bars(5))
    for mode in TransactionMode:
        meaning = f"rollout of seven migrations, a transaction per {mode}"
        yield Measure(name=f"counted-rollout-{mode}", meaning=meaning, bars=bars(45, 10))
        again = "the same again: the plan's audit and the rollout"
        yield Measure(name=f"counted-rollout-{mode}-again", meaning=again)


def _delayed() -> Iterator[Measure]:
    yield Measure(name="delayed-raw", meaning="raw limit: connect, one introspection query", base="delayed-raw")
    yield Measure(name="delayed-audit", meaning="audit of a ready tenant", base="delayed-raw")
    yield Measure(name="delayed-audit-again", meaning="audit of an unchanged tenant", base="delayed-raw")
    yield Measure(name="delayed-scripts", meaning="connect, run the same scripts", base="delayed-scripts")
    yield Measure(name="delayed-rollout", meaning="rollout of seven migrations", base="delayed-scripts")
    yield Measure(name="delayed-rollout-again", meaning="the same again, nothing to do", base="delayed-raw")


def _local() -> Iterator[Measure]:
    bars = (Bar(limit=1.5),)
    yield Measure(name="local-first", meaning="`pgfleet audit --local`, which replays the manifest first")
    yield Measure(name="local", meaning="`pgfleet audit --local` again, median of five", bars=bars)


def _judging() -> Iterator[Measure]:
    for number in MIGRATIONS_JUDGED:
        bars = (Bar(limit=1),) if number == MOST_MIGRATIONS_IN_A_SECOND else ()
        yield Measure(name=f"judging-{number}", meaning=f"judging an empty tenant, {number} migrations", bars=bars)


KINDS = (_audits, _rollouts, _peers, _shared, _counted, _delayed, _local, _judging)
MEASURES = {each.name: each for kind in KINDS for each in kind()}


def in_order(figures: Iterable[Figure]) -> list[Figure]:
    """The figures by size of the fleet, and as the measures are ordered here."""
    places = {name: place for place, name in enumerate(MEASURES)}
    return sorted(figures, key=lambda each: (each.tenants, places[each.measure], each.delay_ms or 0))


def judgments(results: Results) -> Iterator[Judgment]:
    """Every bar that the part's figures can be compared with."""
    for figure in in_order(results.figures):
        measure = MEASURES[figure.measure]
        for bar in measure.bars:
            found = getattr(figure, bar.quantity)
            others = [results.of(name, figure.tenants, figure.delay_ms) for name, _ in bar.bases]
            parts = [getattr(other, of) for other, (_, of) in zip(others, bar.bases, strict=True) if other]
            if found is None or figure.tenants < bar.from_tenants or None in parts or len(parts) < len(bar.bases):
                continue
            ratio = found / sum(parts) if parts else found
            yield Judgment(measure=measure, bar=bar, tenants=figure.tenants, found=ratio)
