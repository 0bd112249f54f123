"""Groups of tenants with the same differences."""

import re
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase

from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.audit import INCONCLUSIVE, TenantEntry
from pgfleet.documents.audit_context import VariantDifference, VariantEntry
from pgfleet.documents.findings import DifferenceEntry

AS_EXPECTED = "as expected"
WITHOUT_SCHEMA = frozenset({ObjectKind.SCHEMA, ObjectKind.EXTENSION})
QUALIFIER = re.compile(r'(?:"(?:[^"]|"")+"|\w+)\.(?=["\w])|[\s()]')
"""PostgreSQL 16 and later qualify columns only where that is needed."""

Differences = tuple[tuple[VariantDifference, str | None], ...]
"""With the definition that was found, as far as it does not depend on the server's version."""


def group_variants(tenants: Iterable[TenantEntry], homes: Mapping[str, str]) -> tuple[VariantEntry, ...]:
    """The variants, largest first; `homes` are the tenants' home schemas by tenant name.

    A tenant that could not be judged is in no variant. Failing checks do not matter: a tenant without differences is
    in the variant named "as expected".
    """
    groups: dict[Differences, list[TenantEntry]] = {}
    for tenant in tenants:
        if tenant.verdict not in INCONCLUSIVE and tenant.fingerprint and tenant.server_version:
            groups.setdefault(_differences(tenant, homes.get(tenant.name, "")), []).append(tenant)
    ordered = sorted(groups.items(), key=lambda each: (-len(each[1]), bool(each[0]), min(one.name for one in each[1])))
    letters = (f"variant {_letters(place)}" for place in range(len(ordered)))
    return tuple(_variant(differences, members, letters) for differences, members in ordered)


def _variant(differences: Differences, members: Sequence[TenantEntry], letters: Iterable[str]) -> VariantEntry:
    first = min(members, key=lambda each: each.name)
    majors = sorted({_major(each.server_version or "") for each in members})
    return VariantEntry(
        name=next(iter(letters)) if differences else AS_EXPECTED,
        fingerprint=first.fingerprint or "",
        server_major=_major(first.server_version or ""),
        server_majors=tuple(majors),
        expected=not differences,
        tenants=tuple(sorted(each.name for each in members)),
        differences=tuple(dict.fromkeys(each for each, _ in differences)),
    )


def _differences(tenant: TenantEntry, home: str) -> Differences:
    """The distinct differences, in manifest order."""
    found = (
        (_without_home(each, home), QUALIFIER.sub("", each.actual) if each.actual else None)
        for migration in tenant.migrations
        for each in migration.differences
    )
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
