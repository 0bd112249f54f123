"""Where a tenant stands: which migrations have taken effect in it, and what says so."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from pgfleet.catalog.history import Chain, History, is_same
from pgfleet.catalog.objects import CatalogObject, Identity, ObjectKind
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.documents.audit import Evidence, PositionEntry
from pgfleet.manifest.order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is known of a tenant besides its catalog.

    `ledger` and `tool` are the versions that the two ledgers record as applied; None where there is no such ledger.
    `started` are those of the first that were begun outside a transaction, and did not finish as far as the ledger
    knows. `adopted_now` are those that this run has adopted, on the evidence of the catalog. `outdated` are repeatable
    migrations that our ledger records with another text. `checks` holds, for versions that have checks, whether all of
    them pass; None where that could not be determined. `attached` says of versions that only make partitions whether
    these are in place: all (True), none (False), or some (None). `harmless` versions are proven to change nothing when
    they are run again. `shares_objects`: other tenants may have created the objects outside the home schema.
    """

    ledger: frozenset[str] | None = None
    tool: frozenset[str] | None = None
    started: frozenset[str] = frozenset()
    adopted_now: frozenset[str] = frozenset()
    outdated: frozenset[str] = frozenset()
    checks: Mapping[str, bool | None] = field(default_factory=dict)
    attached: Mapping[str, bool | None] = field(default_factory=dict)
    harmless: frozenset[str] = frozenset()
    shares_objects: bool = False

    @property
    def shown(self) -> frozenset[str]:
        """The versions whose partitions are in place."""
        return frozenset(version for version, is_in_place in self.attached.items() if is_in_place)

    @property
    def known(self) -> frozenset[str]:
        """The versions that either ledger records as applied."""
        return (self.ledger or frozenset()) | (self.tool or frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The versions that are applied in a tenant and those that cannot be determined; all others are pending.

    `version` is the last applied one in the manifest's order, without repeatable migrations.
    """

    version: str | None
    applied: frozenset[str]
    unknown: frozenset[str]
    evidence: Mapping[str, Evidence]


def locate(history: History, order: Order, found: Mapping[Identity, CatalogObject], records: Records) -> Position:
    """The position of a tenant in which these of the history's objects were found."""
    if not records.known and not any(chain.identity in found for chain in history.chains):
        nothing: frozenset[str] = frozenset()
        return Position(
            version=None, applied=nothing, unknown=nothing, evidence=dict.fromkeys(history.versions, Evidence.CATALOG)
        )
    if order.is_linear:
        applied, undecided = _find_linear(history, order, found, records)
    else:
        applied, undecided = _find_partial(history, order, found, records)
    if not records.known and records.shares_objects and not _has_own(history, found, records):
        undecided = ()  # a new tenant beside others
    settled, unknown = _settle(history, order, applied, undecided, records)
    settled |= _find_repeatable(history, order, found, settled, records)
    evidence = dict(_evidence(history, settled, unknown, applied, records))
    last = max(settled - order.repeatable, key=history.places.__getitem__, default=None)
    return Position(version=last, applied=settled, unknown=unknown, evidence=evidence)


def _has_own(history: History, found: Mapping[Identity, CatalogObject], records: Records) -> bool:
    """Whether the tenant has an object that no other tenant may have created."""
    return any(each.identity in found and not _may_be_foreign(each.identity, records) for each in history.chains)


def _find_linear(
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
    recorded = max(map(history.places.__getitem__, known - records.adopted_now), default=None)
    last = floor if recorded == floor and floor in ties else max(ties, key=lambda each: (scores[each - floor], each))
    begun = last
    while begun < end and not records.known - records.adopted_now and _is_begun(history, found, begun, records):
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
            if 2 * existing >= len(columns) and not _may_be_foreign(chain.identity, records):
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
            (foreign if _may_be_foreign(chain.identity, records) else own, likely),
            (exact, chain.closest(actual)),
        ):
            for index in indexes:
                counted[places[index]] += 1
                counted[places[index + 1]] -= 1
    return list(zip(*map(accumulate, (own, foreign, exact)), strict=True))[:-1]


def _may_be_foreign(identity: Identity, records: Records) -> bool:
    """Whether the object may exist for another reason than the tenant's migrations."""
    return identity.kind is ObjectKind.EXTENSION or (records.shares_objects and is_shared(identity))


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
        if not _may_be_foreign(chain.identity, records)
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
        _may_be_foreign(chain.identity, records)
        and chain.reached(applied) in chain.closest(found.get(chain.identity))
        and not is_same(chain.state(index - 1), found.get(chain.identity))
        for chain, index in effects
    )


def _find_partial(
    history: History, order: Order, found: Mapping[Identity, CatalogObject], records: Records
) -> tuple[frozenset[str], tuple[str, ...]]:
    """The same for migrations that do not all require each other: each is judged by its own objects."""
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


def _find_repeatable(
    history: History,
    order: Order,
    found: Mapping[Identity, CatalogObject],
    applied: frozenset[str],
    records: Records,
) -> frozenset[str]:
    """The repeatable versions that are applied with their current text; the others are pending.

    Without a record of one, its objects decide. An object in another state is drift, unless migrations before it are
    pending: then it may be what an older text made of it.
    """
    is_complete = len(applied) == len(history.versions) - len(order.repeatable)
    undecided = order.repeatable - records.known - records.outdated
    if records.tool is not None:
        undecided = frozenset()
    seen = {
        version
        for version in undecided
        if (effects := history.by_version[version])
        and (
            all(is_same(chain.state(index), found.get(chain.identity)) for chain, index in effects)
            or (is_complete and all(_is_altered(chain, index, found.get(chain.identity)) for chain, index in effects))
        )
    }
    return (order.repeatable & records.known) | seen


def _is_altered(chain: Chain, index: int, found: CatalogObject | None) -> bool:
    """Whether the object exists in another state than the one before its link `index`."""
    return found is not None and not is_same(chain.state(index - 1), found)


def _decisive(effects: tuple[tuple[Chain, int], ...], records: Records) -> tuple[tuple[Chain, int], ...]:
    own = tuple(each for each in effects if not _may_be_foreign(each[0].identity, records))
    return own or effects


def _is_seen(matches: tuple[int, ...], index: int, reached: int) -> bool:
    """Whether an object's state, or the one that it is most like, shows the effect of its link `index`."""
    possible = [each for each in matches if each >= reached]
    return bool(possible) and possible[0] >= index


def _is_absent(matches: tuple[int, ...], index: int, reached: int) -> bool:
    """Whether an object's state shows that its link `index` has not taken effect."""
    possible = [each for each in matches if each >= reached]
    return bool(possible) and possible[-1] < index


def _settle(
    history: History, order: Order, applied: frozenset[str], undecided: tuple[str, ...], records: Records
) -> tuple[frozenset[str], frozenset[str]]:
    """The applied and the unknown versions, where ledgers, checks, partitions, or what is harmless decides."""
    if _is_recorded_up_to(history, applied, records):
        undecided = ()
    for version in undecided:
        passes = records.checks.get(version, records.attached.get(version))
        if passes:
            applied |= order.closed([version])
        elif passes is False:
            undecided = tuple(each for each in undecided if version not in order.closed([each]))
    remaining = frozenset(undecided) - applied
    return applied, frozenset() if remaining <= records.harmless else remaining


def _is_recorded_up_to(history: History, applied: frozenset[str], records: Records) -> bool:
    """Whether a ledger was kept up to the last applied migration, so that what it does not record is pending.

    What the current run has adopted was no record when the run was planned.
    """
    if records.tool is not None:
        return True
    last = max(applied, key=history.places.__getitem__, default=None)
    return bool(records.ledger) and (last is None or last in records.known - records.adopted_now)


def position_entry(history: History, position: Position) -> PositionEntry:
    """The position as the document shows it."""
    last = position.version
    return PositionEntry(
        version=last,
        applied=len(position.applied),
        pending=len(history.versions) - len(position.applied) - len(position.unknown),
        unknown=len(position.unknown),
        by=Evidence.CATALOG if last is None else position.evidence[last],
    )


def _evidence(
    history: History,
    applied: frozenset[str],
    unknown: frozenset[str],
    by_catalog: Collection[str],
    records: Records,
) -> Iterator[tuple[str, Evidence]]:
    for version in history.versions:
        if version in unknown:
            yield version, Evidence.NONE
        elif version in (records.ledger or ()):
            yield version, Evidence.LEDGER
        elif version in (records.tool or ()):
            yield version, Evidence.TOOL
        elif version in applied and version not in by_catalog and records.checks.get(version):
            yield version, Evidence.CHECK
        elif version in records.attached and version not in records.checks:
            yield version, Evidence.CATALOG
        elif version in history.traceless:
            yield version, Evidence.CHECK if records.checks.get(version) is False else Evidence.ORDER
        else:
            yield version, Evidence.CATALOG
