"""The plan that records migrations as applied because somebody says so, without running anything."""

from collections.abc import Iterator

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import Evidence, MigrationEntry, MigrationStatus
from pgfleet.documents.plan import Action, PlannedMigration, TenantPlan
from pgfleet.errors import FleetError
from pgfleet.manifest.model import Manifest, ToolLedger
from pgfleet.rollout.revalidate import is_recorded
from pgfleet.wording import listed


def plan_adoption(entry: TenantEntry, through: str, ledger: ToolLedger | None = None) -> TenantPlan:
    """The plan that adopts every migration up to and including version `through` that the ledger does not record.

    `ledger` is the migration tool's. A tenant that was not inspected gets an obstacle instead.
    """
    ring = entry.ring or ""
    if not entry.migrations:
        obstacle = Verdict.UNREACHABLE if entry.verdict is Verdict.UNREACHABLE else Verdict.UNKNOWN
        because = entry.unreachable_because
        return TenantPlan(
            name=entry.name, ring=ring, obstacle=obstacle, reason=entry.reason, unreachable_because=because
        )
    return TenantPlan(
        name=entry.name,
        ring=ring,
        fingerprint=entry.fingerprint,
        migrations=tuple(_planned(entry, through, ledger)),
    )


def check_adoption(through: str, manifest: Manifest) -> None:
    """Raises FleetError for a version that is not in the manifest."""
    versions = manifest.versions
    if through not in versions:
        raise FleetError("--through", through, f"not in the manifest, which has: {', '.join(versions)}")


def _planned(entry: TenantEntry, through: str, ledger: ToolLedger | None) -> Iterator[PlannedMigration]:
    for each in entry.migrations:
        if is_recorded(each.ledger, ledger, in_tool_ledger=each.in_tool_ledger):
            yield PlannedMigration(
                version=each.version, action=Action.SKIP, altered=each.altered, ledger=each.ledger, declared=True
            )
        else:
            yield PlannedMigration(
                version=each.version,
                action=Action.ADOPT,
                ledger=each.ledger,
                reason=_contradiction(each),
                declared=True,
            )
        if each.version == through:
            return


def _contradiction(entry: MigrationEntry) -> str | None:
    """What in the catalog contradicts that the migration is applied, if anything does."""
    if entry.evidence is not Evidence.CATALOG or entry.status not in {MigrationStatus.PENDING, MigrationStatus.DRIFTED}:
        return None
    objects = [f"{each.kind} {each.identity} is {each.change}" for each in entry.differences]
    return f"the catalog contradicts this: {listed(objects, 1) or 'it shows none of its effects'}"
