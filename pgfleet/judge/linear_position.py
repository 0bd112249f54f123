"""Where a tenant stands whose migrations each require the one before."""

from collections.abc import Mapping
from itertools import accumulate

from pgfleet.catalog.history import History, is_same
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.judge.records import Records, may_be_foreign
from pgfleet.manifest.order import Order


def find_linear(
    history: History, order: Order, found: Mapping[Identity, CatalogObject], records: Records
) -> tuple[frozenset[str], tuple[str, ...]]:
    """The applied versions, and those that the catalog cannot tell from pending ones.

    Of all positions that the ledgers allow, the one that explains the most objects is taken; objects that may exist
    for another reason only decide between positions that are equal otherwise. Of several, it is the one that the
    ledgers record; without ledgers the last, because an object that exists was created by somebody, and one that is
    missing may have been lost. For the same reason, the next migration is applied too if a table exists that it
    creates, even if more of its objects are missing: run again, it would create lost tables without their rows.
    """
    known = records.known - order.repeatable
    floor = max(map(history.places.__getitem__, known | records.shown), default=0)
    end = len(history.versions) - len(order.repeatable)
    scores = _scores(history, found, records)[floor : end + 1]
    ties = [place for place, score in enumerate(scores, start=floor) if score[0] == max(scores)[0]]
    recorded = max(map(history.places.__getitem__, records.known_before - order.repeatable), default=None)
    last = floor if recorded == floor and floor in ties else max(ties, key=lambda each: (scores[each - floor], each))
    begun = last
    while begun < end and not records.known_before and _is_begun(history, found, begun, records):
        begun += 1
    if begun > last:
        return frozenset(history.versions[:begun]), ()
    first = next(place for place in ties if _are_alike(history, found, place, last, records))
    between = history.versions[first:last]
    shown = frozenset(version for version in between if _is_shown(history, found, version, last, records))
    return frozenset(history.versions[:first]) | shown, tuple(each for each in between if each not in shown)


def _is_begun(history: History, found: Mapping[Identity, CatalogObject], place: int, records: Records) -> bool:
    """Whether a table exists that the migration after this position creates, with at least half of its columns.

    A table of that name without them, or another object, may be the work of somebody else.
    """
    made = [
        (chain, link)
        for chain, index in history.by_version[history.versions[place]]
        if chain.state(index - 1) is None and (link := chain.state(index)) is not None
    ]
    for chain, table in made:
        if table.identity.kind is ObjectKind.TABLE and chain.identity in found:
            columns = [each for each, state in made if state.parent_place == table.place and _is_column(state)]
            existing = sum(each.identity in found for each in columns)
            if 2 * existing >= len(columns) and not may_be_foreign(chain.identity, records):
                return True
    return False


def _is_column(found: CatalogObject) -> bool:
    return found.identity.kind is ObjectKind.COLUMN


def _scores(history: History, found: Mapping[Identity, CatalogObject], records: Records) -> list[tuple[int, ...]]:
    """For each position (0, 1, … N migrations) the number of objects in its state.

    First those that only the tenant's migrations create, then the others, then those of both without what may have been
    detached. That the parts of a missing table are missing too does not count.
    """
    places_found = {each.place for each in found.values()}
    own, foreign, exact = ([0] * (len(history.versions) + 2) for _ in range(3))
    for chain in history.chains:
        actual = found.get(chain.identity)
        if actual is None and places_found.isdisjoint(chain.parent_places) and None not in chain.parent_places:
            continue
        likely = chain.closest_or_detached(actual)
        places = [0, *(history.places[link.version] for link in chain.links), len(history.versions) + 1]
        for counted, indexes in (
            (foreign if may_be_foreign(chain.identity, records) else own, likely),
            (exact, chain.closest(actual)),
        ):
            for index in indexes:
                counted[places[index]] += 1
                counted[places[index + 1]] -= 1
    return list(zip(*map(accumulate, (own, foreign, exact)), strict=True))[:-1]


def _are_alike(
    history: History, found: Mapping[Identity, CatalogObject], first: int, last: int, records: Records
) -> bool:
    """Whether every object that changes between the two positions is found in the state that it has at both.

    Objects that may exist for another reason do not count.
    """
    earlier, later = frozenset(history.versions[:first]), frozenset(history.versions[:last])
    return all(
        is_same(chain.state(chain.reached(earlier)), found.get(chain.identity))
        and is_same(chain.state(chain.reached(later)), found.get(chain.identity))
        for version in history.versions[first:last]
        for chain, _ in history.by_version[version]
        if not may_be_foreign(chain.identity, records)
    )


def _is_shown(
    history: History, found: Mapping[Identity, CatalogObject], version: str, last: int, records: Records
) -> bool:
    """Whether the version only changes objects that may exist for another reason, and they are as it leaves them.

    An altered object is in the state that it is most like.
    """
    applied = frozenset(history.versions[:last])
    effects = history.by_version[version]
    return bool(effects) and all(
        may_be_foreign(chain.identity, records)
        and chain.reached(applied) in chain.closest(found.get(chain.identity))
        and not is_same(chain.state(index - 1), found.get(chain.identity))
        for chain, index in effects
    )
