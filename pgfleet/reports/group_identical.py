"""Tenants with the same findings."""

from collections.abc import Iterable, Sequence

from pgfleet.documents.audit import AuditDocument, TenantEntry

NOT_COMPARED = {"name", "ring", "database", "home", "fingerprint", "server_version", "pooler", "standby", "counts"}
"""Fields that may differ between tenants with the same findings."""


def group_identical(tenants: Iterable[TenantEntry], document: AuditDocument) -> Sequence[Sequence[TenantEntry]]:
    """The tenants in groups with the same findings, in the order of the groups' first tenants."""
    groups: dict[tuple[object, ...], list[TenantEntry]] = {}
    for tenant in tenants:
        shared = [place for place, each in enumerate(document.shared) if tenant.name in each.tenants]
        groups.setdefault((tenant.model_dump_json(exclude=NOT_COMPARED), *shared), []).append(tenant)
    return list(groups.values())
