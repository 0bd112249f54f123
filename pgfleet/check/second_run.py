"""What a second run of a migration changed, and which rows it lost."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pgfleet.catalog.objects import CatalogObject
from pgfleet.check.evidence import Observation, SecondRun
from pgfleet.documents.manifest_proof import TwiceEntry

HOME = "public"
"""The home schema of a scratch database."""
SHOWN = 5


def judge_second_run(run: SecondRun) -> TwiceEntry:
    """No object may change and no row be added or lost; of tables without a row it cannot be told whether one would."""
    changes, losses = changes_of(run), losses_of(run)
    empty = sorted(table for table, rows in run.before.rows.items() if not rows)
    untold = [f"there was no row to lose in {listed(empty)}"] if empty and not losses else []
    return TwiceEntry(
        changes_nothing=not changes,
        loses_no_row=False if losses else None if empty else True,
        detail="; ".join([*changes, *losses, *untold]) or None,
    )


def changes_of(run: SecondRun) -> tuple[str, ...]:
    """What is otherwise than before, rows that are gone or altered apart."""
    failure = [f"it fails: {run.error}"] if run.error else []
    return (*failure, *_alterations(run.before, run.after), *_additions(run))


def losses_of(run: SecondRun) -> tuple[str, ...]:
    """The rows that are gone or altered.

    The first of the two runs may alter rows, since it has not met them before, but not be rid of them.
    """
    losses = []
    for table, rows in run.before.rows.items():
        held, left = Counter(run.between.get(table, {})), Counter(run.after.rows.get(table, {}))
        deleted, altered = _count(rows) - min(held.total(), left.total()), (held - left).total()
        if deleted > 0:
            losses.append(f"it deletes {deleted} of {counted_rows(_count(rows))} of {table}")
        elif altered:
            losses.append(f"it alters {altered} of {counted_rows(_count(rows))} of {table} each time")
    return tuple(losses)


def listed(names: Sequence[str]) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def counted_rows(rows: int) -> str:
    """`1 row`, `12 rows`."""
    return f"{rows} row{'' if rows == 1 else 's'}"


def _alterations(before: Observation, after: Observation) -> Iterator[str]:
    old = {each.identity: each for each in before.objects}
    new = {each.identity: each for each in after.objects}
    made = [new[each] for each in new if each not in old]
    gone = [old[each] for each in old if each not in new]
    altered = [new[each] for each in new if each in old and new[each].attributes != old[each].attributes]
    for verb, objects in (("makes", made), ("drops", gone), ("alters", altered)):
        if objects:
            yield f"it {verb} {listed(_named(objects))}"


def _additions(run: SecondRun) -> Iterator[str]:
    """A row that is altered is no added one."""
    for table, rows in run.after.rows.items():
        if (added := _count(rows) - _count(run.between.get(table, {}))) > 0:
            yield f"it adds {counted_rows(added)} to {table}"


def _named(objects: Iterable[CatalogObject]) -> list[str]:
    return [f"{each.identity.kind} {each.identity.qualified(HOME)}" for each in objects]


def _count(rows: Mapping[str, int]) -> int:
    return sum(rows.values())
