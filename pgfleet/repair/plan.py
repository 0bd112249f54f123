"""What puts a whole tenant right: which migrations are run again, which statements after them, what is remaining."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pgfleet.catalog.differences import Difference, omit_implied
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import ObjectKind, OccupiedName
from pgfleet.repair.model import Repair, Statement, Strategy
from pgfleet.repair.strategy import choose_repairs


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairPlan:
    """Versions in the manifest's order, then statements in an order in which each finds what it needs.

    `targets` are the differences that the plan fixes, including those implied by a missing table; `remaining` are those
    that only a person can fix, with the reason.
    """

    versions: tuple[str, ...]
    statements: tuple[Statement, ...]
    targets: tuple[Difference, ...]
    remaining: tuple[tuple[Difference, Repair], ...]

    @property
    def changes(self) -> bool:
        """Whether there is anything to be done."""
        return bool(self.versions or self.statements)

    def digest(self, scripts: Iterable[str]) -> str:
        """Identifies what would be run: `scripts` are the checksums of those of `versions`."""
        facts = [list(self.versions), list(scripts), [each.text for each in self.statements]]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def plan_repair(
    differences: Sequence[Difference],
    expected: ExpectedCatalog,
    occupied_names: Collection[OccupiedName],
    versions: Sequence[str],
    *,
    alone: Collection[str] = (),
) -> RepairPlan:
    """The repair of a tenant's `differences`; `versions` are the manifest's, in its order.

    Those of them that run in no transaction, `alone`, are not run again by a repair, which is one.
    """
    told = omit_implied(differences)
    repairs = (_in_transaction(each, expected, alone) for each in choose_repairs(told, expected, occupied_names))
    chosen = list(zip(told, repairs, strict=True))
    to_rerun = {repair.version for _, repair in chosen if repair.strategy is Strategy.RERUN}
    to_rerun |= {later for version in to_rerun if version for later in expected.later_changers(version)}
    remaining = tuple((each, repair) for each, repair in chosen if repair.strategy is Strategy.BY_HAND)
    return RepairPlan(
        versions=tuple(each for each in versions if each in to_rerun),
        statements=tuple(_in_order(chosen)),
        targets=tuple(each for each in differences if not _is_left(each, remaining)),
        remaining=remaining,
    )


def _in_transaction(repair: Repair, expected: ExpectedCatalog, alone: Collection[str]) -> Repair:
    """The repair, or a manual one where the migration cannot run again in the repair's transaction."""
    if repair.version is None or repair.strategy is not Strategy.RERUN:
        return repair
    for each in sorted({repair.version, *expected.later_changers(repair.version)} & {*alone}):
        reason = f"{each} runs in no transaction, and a repair is one: roll it out again (pgfleet rollout)"
        return Repair(strategy=Strategy.BY_HAND, reason=reason)
    return repair


def _is_left(difference: Difference, remaining: Collection[tuple[Difference, Repair]]) -> bool:
    """Whether the difference, or one that takes it with it, is remaining to a person."""
    places = {each.expected.place for each, _ in remaining}
    return difference.expected.place in places or difference.expected.parent_place in places


def _in_order(chosen: Iterable[tuple[Difference, Repair]]) -> Iterator[Statement]:
    """Differences come in the order of their kinds; what needs other objects waits until those are made."""
    statements = list(_each_once([(each.identity.kind, said) for each, repair in chosen for said in repair.statements]))
    yield from (each for each in statements if not each.is_late)
    yield from (each for each in statements if each.is_late)


def _each_once(statements: Sequence[tuple[ObjectKind, Statement]]) -> Iterator[Statement]:
    """A view that several columns need dropped is dropped before the first of them, and made again after the last.

    Where it differs itself it has been made anew by then.
    """
    kinds = {each: kind for kind, each in reversed(statements)}
    kept = [each for kind, each in statements if kind is kinds[each]]
    first = {each: place for place, each in reversed(list(enumerate(kept)))}
    last = {each: place for place, each in enumerate(kept)}
    for place, each in enumerate(kept):
        if place == (first if each.text.startswith("DROP ") else last)[each]:
            yield each
