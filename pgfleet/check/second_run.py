"""What a second run of a migration changes, and which rows it loses."""

from collections import Counter
from collections.abc import Iterator, Mapping

from pgfleet.check.evidence import DatabaseState, SecondRun, SecondRunFindings
from pgfleet.documents.manifest_proof import TwiceEntry
from pgfleet.wording import listed, plural

HOME = "public"
"""The home schema of a scratch database."""


def findings_of(run: SecondRun) -> SecondRunFindings:
    """What the second run changed and lost."""
    empty = sorted(table for table, rows in run.before.rows.items() if not rows)
    return SecondRunFindings(changes=_changes_of(run), losses=_losses_of(run), empty=tuple(empty))


def failed_run(error: str) -> SecondRunFindings:
    """The findings of a second run that failed and was rolled back."""
    return SecondRunFindings(changes=(f"fails: {error}",))


def judge_second_run(found: SecondRunFindings) -> TwiceEntry:
    """No object may change, and no row may be added or lost; losses in empty tables are unknown."""
    unknown = [f"no rows to lose in {listed(found.empty)}"] if found.empty and not found.losses else []
    return TwiceEntry(
        changes_nothing=not found.changes,
        loses_no_row=False if found.losses else None if found.empty else True,
        detail="; ".join([*found.changes, *found.losses, *unknown]) or None,
    )


def is_without_effect(run: SecondRun) -> bool:
    """Whether neither of two runs changed an object or a row, in a database in which every table has rows."""
    is_populated = all(run.before.rows.values())
    same_rows = run.before.rows == run.between == run.after.rows
    return is_populated and same_rows and not run.error and not [*_object_changes(run.before, run.after)]


def _changes_of(run: SecondRun) -> tuple[str, ...]:
    """Failures, changed objects, and added rows, as phrases that follow "a second run"."""
    failure = failed_run(run.error).changes if run.error else ()
    return (*failure, *_object_changes(run.before, run.after), *_additions(run))


def _losses_of(run: SecondRun) -> tuple[str, ...]:
    """Deleted and changed rows, as phrases that follow "a second run".

    The first of the two runs may change rows, which it did not process before, but not delete them.
    """
    losses = []
    for table, rows in run.before.rows.items():
        between, after = Counter(run.between.get(table, {})), Counter(run.after.rows.get(table, {}))
        deleted, changed = _count(rows) - min(between.total(), after.total()), (between - after).total()
        if deleted > 0:
            losses.append(f"deletes {deleted} of {plural(_count(rows), 'row')} of {table}")
        elif changed:
            losses.append(f"changes {changed} of {plural(_count(rows), 'row')} of {table} every time")
    return tuple(losses)


def _object_changes(before: DatabaseState, after: DatabaseState) -> Iterator[str]:
    old = {each.identity: each for each in before.objects}
    new = {each.identity: each for each in after.objects}
    created = [new[each] for each in new if each not in old]
    dropped = [old[each] for each in old if each not in new]
    changed = [new[each] for each in new if each in old and new[each].attributes != old[each].attributes]
    for verb, objects in (("creates", created), ("drops", dropped), ("changes", changed)):
        if objects:
            yield f"{verb} {listed([f'{each.identity.kind} {each.identity.qualified(HOME)}' for each in objects])}"


def _additions(run: SecondRun) -> Iterator[str]:
    """Tables with more rows than before."""
    for table, rows in run.after.rows.items():
        if (added := _count(rows) - _count(run.between.get(table, {}))) > 0:
            yield f"adds {plural(added, 'row')} to {table}"


def _count(rows: Mapping[str, int]) -> int:
    return sum(rows.values())
