"""A tenant's catalog, compared with what the manifest leaves at the tenant's own position."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgfleet.catalog.differences import Difference, find_differences, find_pending, omit_implied
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import Catalog, CatalogObject, Identity, ObjectKind
from pgfleet.catalog.repair_facts import Facts
from pgfleet.catalog.shared_objects import is_shared
from pgfleet.judge.position import Position, locate
from pgfleet.judge.records import Records
from pgfleet.manifest.order import Order
from pgfleet.repair.combination import NOTHING_KNOWN, choose_repairs
from pgfleet.repair.losses import is_lost
from pgfleet.repair.model import Hazard, Repair, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What is expected at the tenant's position, and how the tenant differs from it.

    `drift` are the differences from what its applied migrations leave; `pending` is what the others have still to do.
    `repairs` holds, for each version, its differences with their repairs, without those that another one implies.
    `found` are the objects of the manifest's history that exist in the tenant; `facts` is what the repairs had to know.
    """

    expected: ExpectedCatalog
    position: Position
    drift: tuple[Difference, ...]
    pending: tuple[Difference, ...]
    repairs: Mapping[str, tuple[tuple[Difference, Repair], ...]]
    unexpected: tuple[CatalogObject, ...]
    found: Mapping[Identity, CatalogObject]
    facts: Facts

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Everything that a tenant with the complete manifest would not have."""
        return (*self.drift, *self.pending)

    def is_traceless(self, version: str) -> bool:
        """Whether the migration leaves no trace in the catalog."""
        return version in self.expected.history.traceless


def assess(
    whole: ExpectedCatalog, order: Order, catalog: Catalog, records: Records, facts: Facts = NOTHING_KNOWN
) -> Assessment:
    """The assessment of a tenant with this catalog; `whole` is what the manifest leaves in the end."""
    found = whole.objects_in(catalog)
    position = locate(whole.history, order, found, records)
    expected = whole.at(position.applied)
    drift = find_differences(expected, found)
    pending = () if expected is whole else find_pending(whole, position.applied, found)
    repairs: dict[str, list[tuple[Difference, Repair]]] = {}
    for target, differences in ((expected, drift), (whole, pending)):
        explicit = omit_implied(differences, target)
        versions = ({each.version for each in differences} - position.applied) | records.started
        chosen = choose_repairs(
            explicit,
            target,
            catalog.occupied_names,
            pending=versions,
            recorded=records.known,
            facts=facts,
            unexpected=catalog.unexpected,
        )
        for each in zip(explicit, chosen, strict=True):
            repairs.setdefault(each[0].version, []).append(each)
    return Assessment(
        expected=expected,
        position=position,
        drift=drift,
        pending=pending,
        repairs={version: tuple(each) for version, each in repairs.items()},
        unexpected=_omit_inherited(tuple(_unexpected(whole, expected, catalog, found, order.repeatable)), expected),
        found=found,
        facts=facts,
    )


def find_repairs_to_refine(assessment: Assessment) -> tuple[Difference, ...]:
    """The differences whose repairs have to know more of the tenant.

    That is what depends on an object that must be dropped, and whether rows have lost values of a column or a type.
    """
    pairs = (pair for each in assessment.repairs.values() for pair in each)
    return tuple(each for each, repair in pairs if _needs_facts(each, repair))


def _needs_facts(difference: Difference, repair: Repair) -> bool:
    if difference.actual is None:
        return difference.identity.kind is ObjectKind.COLUMN and is_lost(difference, repair)
    if difference.identity.kind is ObjectKind.TYPE and difference.expected.attributes["form"] == "composite":
        return True
    if repair.strategy is not Strategy.SQL:
        return False
    blocked = {Hazard.MAY_BE_NEEDED, Hazard.REWRITES} & {*repair.hazards}
    return bool(blocked) or difference.identity.kind is ObjectKind.EXTENSION


def _omit_inherited(unexpected: tuple[CatalogObject, ...], expected: ExpectedCatalog) -> tuple[CatalogObject, ...]:
    """Without what a table inherits from a table on which it is unexpected too."""
    known = {(each.identity.kind, each.parent_place, each.part, repr(each.attributes)) for each in unexpected}
    return tuple(
        each
        for each in unexpected
        if not any(
            (each.identity.kind, parent, each.part, repr(each.attributes)) in known
            for parent in (expected.ancestors.get(each.parent_place, ()) if each.parent_place else ())
        )
    )


def _unexpected(
    whole: ExpectedCatalog,
    expected: ExpectedCatalog,
    catalog: Catalog,
    found: Mapping[Identity, CatalogObject],
    repeatable: frozenset[str],
) -> Iterator[CatalogObject]:
    """What exists besides the expected objects, on tables and in schemas that are managed at this position.

    An object of a pending repeatable migration is what an older text made of it; a partition that a migration made may
    be detached.
    """
    places = {each.place for each in expected.objects.values()}
    known_places = {each.place for each in whole.history.objects}
    for each in catalog.unexpected:
        if {each.place, each.parent_place} & whole.history.all_partitions:
            continue
        if each.parent_place is None or each.parent_place in places or each.parent_place not in known_places:
            yield each
    others = found.keys() - expected.objects.keys()
    if others:
        others -= {chain.identity for version in repeatable for chain, _ in whole.history.by_version[version]}
        others -= expected.detachable
    for name, each in found.items():
        is_managed = each.parent_place is None or each.parent_place in places
        if name in others and is_managed and not is_shared(name):
            yield each
