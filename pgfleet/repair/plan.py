"""The repair of a tenant: migrations to rerun, then statements, and the differences that remain."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pgfleet.catalog.differences import Difference, is_implied, omit_implied
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind, OccupiedName
from pgfleet.catalog.repair_facts import Facts
from pgfleet.repair.combination import NOTHING_KNOWN, choose_repairs
from pgfleet.repair.dependencies import depths
from pgfleet.repair.model import Repair, Statement, Strategy, by_hand
from pgfleet.repair.strategy import with_consent


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairPlan:
    """Versions in manifest order, then statements ordered by their dependencies.

    `targets` are the differences that the plan fixes, including those that others imply; `explicit` are those without
    the implied ones. `remaining` are those that only a person can fix, with the reason.
    """

    versions: tuple[str, ...]
    statements: tuple[Statement, ...]
    targets: tuple[Difference, ...]
    explicit: tuple[Difference, ...]
    remaining: tuple[tuple[Difference, Repair], ...]

    @property
    def changes(self) -> bool:
        """Whether the plan changes the tenant."""
        return bool(self.versions or self.statements)

    def digest(self, scripts: Iterable[str]) -> str:
        """Identifies what would run; `scripts` are the checksums of the scripts of `versions`."""
        facts = [list(self.versions), list(scripts), [each.text for each in self.statements]]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def plan_repair(
    differences: Sequence[Difference],
    expected: ExpectedCatalog,
    occupied_names: Collection[OccupiedName],
    versions: Sequence[str],
    *,
    alone: Collection[str] = (),
    recorded: Collection[str] = (),
    recreate: Collection[Identity] = (),
    facts: Facts = NOTHING_KNOWN,
    unexpected: Collection[CatalogObject] = (),
    statements_only: bool = False,
) -> RepairPlan:
    """The repair of a tenant's `differences`; `versions` are all of the manifest's.

    A repair is one transaction, so it does not rerun the versions in `alone`, which run outside a transaction. Columns
    of `recorded` versions are lost with their values; statements add those in `recreate` again without them. With
    `statements_only` it reruns none, and what a rerun fixes is not among its targets.
    """
    explicit = omit_implied(differences, expected)
    found = choose_repairs(explicit, expected, occupied_names, recorded=recorded, facts=facts, unexpected=unexpected)
    repairs = (_in_transaction(each, expected, alone) for each in found)
    chosen = [
        (each, with_consent(each, repair) if each.identity in recreate else repair)
        for each, repair in zip(explicit, repairs, strict=True)
    ]
    reruns = [each for each, repair in chosen if statements_only and repair.strategy is Strategy.RERUN]
    chosen = [(each, repair) for each, repair in chosen if each not in reruns]
    to_rerun = {repair.version for _, repair in chosen if repair.strategy is Strategy.RERUN}
    to_rerun |= {later for version in to_rerun if version for later in expected.later_changers(version)}
    remaining = tuple((each, repair) for each, repair in chosen if repair.strategy is Strategy.BY_HAND)
    run = [pair for pair in chosen if pair not in remaining]
    return RepairPlan(
        versions=tuple(each for each in versions if each in to_rerun),
        statements=tuple(_in_order(_with_views_in_order(run))),
        targets=tuple(_without(differences, (*reruns, *(each for each, _ in remaining)), expected)),
        explicit=tuple(each for each, _ in run),
        remaining=remaining,
    )


def _in_transaction(repair: Repair, expected: ExpectedCatalog, alone: Collection[str]) -> Repair:
    """The repair, or a manual one where the migration cannot run again in the repair's transaction."""
    if repair.version is None or repair.strategy is not Strategy.RERUN:
        return repair
    for each in sorted({repair.version, *expected.later_changers(repair.version)} & {*alone}):
        reason = f"{each} runs outside a transaction, and a repair is one transaction: run pgfleet rollout"
        return by_hand(reason)
    return repair


def _without(
    differences: Iterable[Difference], excluded: Sequence[Difference], expected: ExpectedCatalog
) -> Iterator[Difference]:
    """The differences without the excluded ones and those that these imply."""
    places = {each.expected.place for each in excluded}
    for each in differences:
        is_part = {each.expected.place, each.expected.parent_place} & places
        if not is_part and not is_implied(each, excluded, expected):
            yield each


def _with_views_in_order(chosen: Sequence[tuple[Difference, Repair]]) -> list[tuple[Difference, Repair]]:
    """The differences, which are in the order of their kinds, with each view after those that it reads."""
    views = [each.expected for each, _ in chosen if each.identity.kind is ObjectKind.VIEW]
    found, kinds = depths(views), [*ObjectKind]
    return sorted(chosen, key=lambda pair: (kinds.index(pair[0].identity.kind), found.get(pair[0].expected.place, 0)))


def _in_order(chosen: Iterable[tuple[Difference, Repair]]) -> Iterator[Statement]:
    """Statements in the order of their objects' kinds; late ones at the end."""
    found = [(each.identity.kind, statement) for each, repair in chosen for statement in repair.statements]
    statements = list(_without_repeats(found))
    yield from (each for each in statements if not each.is_late)
    yield from (each for each in statements if each.is_late)


def _without_repeats(statements: Sequence[tuple[ObjectKind, Statement]]) -> Iterator[Statement]:
    """Drops a view that several columns require only before the first, and re-creates it only after the last.

    The statements of the earliest kind win: a view that differs itself is re-created with its columns.
    """
    kinds = {each: kind for kind, each in reversed(statements)}
    kept = [each for kind, each in statements if kind is kinds[each]]
    first = {each: place for place, each in reversed(list(enumerate(kept)))}
    last = {each: place for place, each in enumerate(kept)}
    for place, each in enumerate(kept):
        if place == (first if each.text.startswith("DROP ") else last)[each]:
            yield each
