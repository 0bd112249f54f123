"""The plan: what a rollout will do in each tenant. The same whoever computes it; its digest identifies it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import LedgerState, Verdict
from pgfleet.documents.entry import Entry
from pgfleet.manifest.model import Priority


class Action(StrEnum):
    """What a rollout does about one migration in one tenant."""

    SKIP = "skip"
    """It is applied, and the ledger knows it; or all that is wrong with it was accepted."""
    ADOPT = "adopt"
    """It is applied, and the ledger does not know it: it is written into the ledger, and nothing is run."""
    APPLY = "apply"
    """It is pending: its script is run."""
    REAPPLY = "reapply"
    """It is drifted: its idempotent script is run again."""
    RERUN = "rerun"
    """It is applied, and its script is run again: it was asked for, or an earlier script undoes part of it."""
    REFUSE = "refuse"
    """Its script should be run, and cannot be the way the tenant is reached: nothing of it is begun."""


RUNS = frozenset({Action.APPLY, Action.REAPPLY, Action.RERUN})
"""The actions that run a migration's script."""
IDLE = frozenset({Action.SKIP, Action.REFUSE})
"""Those that write nothing."""


class AcceptedObject(Entry):
    """One difference that the rollout leaves alone, because the fleet file accepts it."""

    kind: str
    identity: str
    change: str


class PlannedMigration(Entry):
    """One migration of a tenant's plan; `accepted` is what is wrong with it where it is left alone for that.

    `reason` says why it is refused, and what to do.
    """

    version: str
    action: Action
    altered: bool = False
    ledger: LedgerState | None = None
    accepted: tuple[AcceptedObject, ...] = ()
    reason: str | None = None


class TenantPlan(Entry):
    """What will be done in one tenant; where `obstacle` is not null nothing will, and `reason` says why.

    `unreachable_because` is that reason out of a closed set, where no session could be had.
    `home` is its home schema, `migrations` are those in the rollout's scope in the manifest's order, `seeds` the names
    of those that are missing.
    """

    name: str
    ring: str
    fingerprint: str | None = None
    obstacle: Verdict | None = None
    reason: str | None = None
    unreachable_because: ConnectFailure | None = None
    migrations: tuple[PlannedMigration, ...] = ()
    seeds: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything will be written, be it into the ledger alone."""
        return bool(self.seeds) or any(each.action not in IDLE for each in self.migrations)

    @property
    def refused(self) -> tuple[PlannedMigration, ...]:
        """What should be run, and cannot be the way the tenant is reached."""
        return tuple(each for each in self.migrations if each.action is Action.REFUSE)

    @property
    def is_idle(self) -> bool:
        """Whether all that is asked for is there."""
        return not (self.changes or self.refused or self.obstacle)

    def of(self, version: str) -> PlannedMigration:
        """What is planned for that version. Raises KeyError where it is not in the rollout's scope."""
        for each in self.migrations:
            if each.version == version:
                return each
        raise KeyError(version)

    def runs_after(self, version: str) -> frozenset[str]:
        """The versions whose scripts will be run after that one."""
        versions = [each.version for each in self.migrations]
        return self.runs & {*versions[versions.index(version) + 1 :]}

    @property
    def runs(self) -> frozenset[str]:
        """The versions whose scripts will be run."""
        return frozenset(each.version for each in self.migrations if each.action in RUNS)


class Scope(Entry):
    """What of the manifest a rollout is about: `priority` and what is more urgent; `rerun` versions on purpose.

    Without `migrations` it is the seeds alone.
    """

    priority: Priority | None = None
    rerun: tuple[str, ...] = ()
    migrations: bool = True


class RolloutPlan(Entry):
    """What a rollout will do, tenant by tenant, ring after ring; `digest` changes with anything that matters."""

    environment: str
    digest: str
    tenants: tuple[TenantPlan, ...]


def build_plan(environment: str, manifest_checksum: str, scope: Scope, tenants: Iterable[TenantPlan]) -> RolloutPlan:
    """The plan with its digest: SHA-256 of what would be done, where, to what was found there, with which scripts."""
    plans = tuple(tenants)
    facts = {
        "environment": environment,
        "manifest": manifest_checksum,
        "scope": scope.model_dump(mode="json"),
        "tenants": [each.model_dump(mode="json", exclude={"reason", "unreachable_because"}) for each in plans],
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return RolloutPlan(environment=environment, digest=hashlib.sha256(text.encode()).hexdigest(), tenants=plans)


def by_ring(plan: RolloutPlan, rings: Sequence[str]) -> Mapping[str, tuple[TenantPlan, ...]]:
    """The tenants of each ring that has any, in the order of the rings."""
    groups = {ring: tuple(each for each in plan.tenants if each.ring == ring) for ring in rings}
    return {ring: tenants for ring, tenants in groups.items() if tenants}
