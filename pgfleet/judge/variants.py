"""Groups of tenants whose managed objects are identical (same fingerprint)."""

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase

from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.audit import INCONCLUSIVE, DifferenceEntry, TenantEntry
from pgfleet.documents.audit_context import VariantDifference, VariantEntry

AS_EXPECTED = "as expected"
WITHOUT_SCHEMA = frozenset({ObjectKind.SCHEMA, ObjectKind.EXTENSION})

Group = tuple[int, str]
"""A server's major version and a fingerprint; fingerprints of different versions do not compare."""


def group_variants(tenants: Iterable[TenantEntry], homes: Mapping[str, str]) -> tuple[VariantEntry, ...]:
    """The variants, largest first; `homes` are the tenants' home schemas by tenant name.

    A tenant that could not be judged is in no variant. Failing checks do not matter: a tenant without differences is
    in the variant named "as expected".
    """
    groups: dict[Group, list[TenantEntry]] = {}
    for tenant in tenants:
        if tenant.verdict not in INCONCLUSIVE and tenant.fingerprint and tenant.server_version:
            groups.setdefault((_major(tenant.server_version), tenant.fingerprint), []).append(tenant)
    ordered = sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))
    letters = (f"variant {_letters(place)}" for place in range(len(ordered)))
    return tuple(_variant(group, members, homes, letters) for group, members in ordered)


def _variant(
    group: Group, members: Sequence[TenantEntry], homes: Mapping[str, str], letters: Iterable[str]
) -> VariantEntry:
    """All members have the same differences; those of the first are used."""
    differences = _differences(members[0], homes.get(members[0].name, ""))
    major, fingerprint = group
    return VariantEntry(
        name=next(iter(letters)) if differences else AS_EXPECTED,
        fingerprint=fingerprint,
        server_major=major,
        expected=not differences,
        tenants=tuple(sorted(each.name for each in members)),
        differences=differences,
    )


def _differences(tenant: TenantEntry, home: str) -> tuple[VariantDifference, ...]:
    """The distinct differences, in manifest order."""
    found = (_without_home(each, home) for migration in tenant.migrations for each in migration.differences)
    return tuple(dict.fromkeys(found))


def _without_home(difference: DifferenceEntry, home: str) -> VariantDifference:
    name = difference.identity
    if home and difference.kind not in WITHOUT_SCHEMA:
        name = name.removeprefix(f"{home}.")
    return VariantDifference(kind=difference.kind, identity=name, change=difference.change)


def _major(server_version: str) -> int:
    return int(server_version.split(".", maxsplit=1)[0])


def _letters(place: int) -> str:
    """A, B, … Z, AA, AB, …"""
    rest, letter = divmod(place, len(ascii_uppercase))
    return (_letters(rest - 1) if rest else "") + ascii_uppercase[letter]
