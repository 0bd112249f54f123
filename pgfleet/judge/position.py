"""Where a tenant stands: which migrations have taken effect in it, and what says so."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pgfleet.catalog.history import Chain, History, is_same
from pgfleet.catalog.objects import CatalogObject, Identity
from pgfleet.documents.audit import PositionEntry
from pgfleet.documents.findings import Evidence
from pgfleet.judge.linear_position import find_linear
from pgfleet.judge.partial_position import find_partial
from pgfleet.judge.records import Records, may_be_foreign
from pgfleet.manifest.order import Order


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
        applied, undecided = find_linear(history, order, found, records)
    else:
        applied, undecided = find_partial(history, order, found, records)
    if not records.known and records.shares_objects and not _has_own(history, found, records):
        undecided = ()  # a new tenant beside others
    settled, unknown = _settle(history, order, applied, undecided, records)
    settled |= _find_repeatable(history, order, found, settled, records)
    evidence = dict(_evidence(history, settled, unknown, applied, records))
    last = max(settled - order.repeatable, key=history.places.__getitem__, default=None)
    return Position(version=last, applied=settled, unknown=unknown, evidence=evidence)


def _has_own(history: History, found: Mapping[Identity, CatalogObject], records: Records) -> bool:
    """Whether the tenant has an object that no other tenant may have created."""
    return any(each.identity in found and not may_be_foreign(each.identity, records) for each in history.chains)


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
    skipped = _find_skipped(history, applied, records)
    applied -= skipped
    remaining = (frozenset(undecided) | skipped) - applied
    return applied, frozenset() if remaining <= records.harmless else remaining


def _is_recorded_up_to(history: History, applied: frozenset[str], records: Records) -> bool:
    """Whether a ledger was kept up to the last applied migration, so that what it does not record is pending."""
    last = max(applied, key=history.places.__getitem__, default=None)
    is_kept = bool(records.ledger) or records.tool is not None
    return is_kept and (last is None or last in records.known_before)


def _find_skipped(history: History, applied: frozenset[str], records: Records) -> frozenset[str]:
    """The traceless versions that the tool's ledger lacks between others that it records: the tool did not run them.

    Without any before, the ledger was begun later. A check that passes shows that somebody else ran the migration.
    """
    places = [history.places[each] for each in records.tool or ()]
    return frozenset(
        version
        for version in (history.traceless & applied) - records.known - records.harmless
        if places and min(places) < history.places[version] < max(places) and not records.checks.get(version)
    )


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
