"""Where a tenant stands whose migrations do not all require each other."""

from collections.abc import Mapping

from pgfleet.catalog.history import Chain, History
from pgfleet.catalog.objects import CatalogObject, Identity
from pgfleet.judge.records import Records, may_be_foreign
from pgfleet.manifest.order import Order


def find_partial(
    history: History, order: Order, found: Mapping[Identity, CatalogObject], records: Records
) -> tuple[frozenset[str], tuple[str, ...]]:
    """The applied versions, and those that the catalog cannot tell from pending ones.

    Each migration is judged by its own objects.
    """
    applied = order.closed(records.known - order.repeatable | records.shown)
    matches = {chain.identity: _possible(chain, found.get(chain.identity)) for chain in history.chains}
    while True:
        seen = _seen(history, matches, applied, records) - order.repeatable
        if order.closed(applied | seen) == applied:
            break
        applied = order.closed(applied | seen)
    absent = frozenset(
        version
        for version, effects in history.by_version.items()
        if any(_is_absent(matches[chain.identity], index, chain.reached(applied)) for chain, index in effects)
    )
    pending = {each for each in history.versions if (absent & order.closed([each])) - applied} | order.repeatable
    return applied, tuple(each for each in history.versions if each not in applied and each not in pending)


def _possible(chain: Chain, found: CatalogObject | None) -> tuple[int, ...]:
    """The indexes of the states that the object may be in; an altered one that is like several is in the last."""
    return chain.matches(found) or chain.closest(found)[-1:]


def _seen(
    history: History, matches: Mapping[Identity, tuple[int, ...]], applied: frozenset[str], records: Records
) -> frozenset[str]:
    """The versions of which an effect is seen; of one that makes objects of the tenant's own, only those count."""
    return frozenset(
        version
        for version, effects in history.by_version.items()
        if any(
            _is_seen(matches[chain.identity], index, chain.reached(applied))
            for chain, index in _decisive(effects, records)
        )
    )


def _decisive(effects: tuple[tuple[Chain, int], ...], records: Records) -> tuple[tuple[Chain, int], ...]:
    own = tuple(each for each in effects if not may_be_foreign(each[0].identity, records))
    return own or effects


def _is_seen(matches: tuple[int, ...], index: int, reached: int) -> bool:
    """Whether an object's state, or the one that it is most like, shows the effect of its link `index`."""
    possible = [each for each in matches if each >= reached]
    return bool(possible) and possible[0] >= index


def _is_absent(matches: tuple[int, ...], index: int, reached: int) -> bool:
    """Whether an object's state shows that its link `index` has not taken effect."""
    possible = [each for each in matches if each >= reached]
    return bool(possible) and possible[-1] < index
