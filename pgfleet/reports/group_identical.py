"""Tenants of which the same is to be told."""

from collections.abc import Iterable, Sequence

from pgfleet.documents.audit import AuditDocument, TenantEntry

OF_ITSELF = {"name", "ring", "database", "home", "fingerprint", "server_version", "pooler", "standby", "counts"}
"""What may be another in each, and is told elsewhere or not at all."""


def group_identical(tenants: Iterable[TenantEntry], document: AuditDocument) -> Sequence[Sequence[TenantEntry]]:
    """The tenants in groups of which all that is wrong is the same, in the order of each group's first."""
    groups: dict[tuple[object, ...], list[TenantEntry]] = {}
    for tenant in tenants:
        shared = [place for place, each in enumerate(document.shared) if tenant.name in each.tenants]
        groups.setdefault((tenant.model_dump_json(exclude=OF_ITSELF), *shared), []).append(tenant)
    return list(groups.values())
