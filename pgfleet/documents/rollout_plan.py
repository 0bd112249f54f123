"""The plan of a rollout: each tenant's plan, and the scripts that it runs. Its digest identifies it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from pgfleet.documents.entry import Entry
from pgfleet.documents.plan import Action, Scope, TableSize, TenantPlan
from pgfleet.hazards.codes import HazardCode

SHOWN_ONLY = {
    "reason",
    "unreachable_because",
    "script_fault",
    "dropped",
    "first_contact",
    "tables",
    "counts",
    "remaining",
}
"""The fields of a tenant's plan that do not say what is done, and that may change without a change of the tenant."""


class Gate(StrEnum):
    """What follows from a hazard."""

    DENY = "deny"
    """The policy denies it, and the manifest does not allow it: nothing is run in any tenant."""
    WARN = "warn"
    """The policy warns of it."""
    ALLOWED = "allowed"
    """The policy denies it, but the manifest allows it, or it is what a revert is for."""


class HazardEntry(Entry):
    """One hazard of a script; `line` is null if it is the script's as a whole.

    `statement` is the beginning of the statement, `object` what is concerned, `detail` what happens to it. `source` is
    `analysis`, or `squawk` if only squawk found it. `gate` is null if nothing follows from it.
    """

    code: HazardCode
    line: int | None = None
    statement: str | None = None
    object: str | None = None
    detail: str | None = None
    source: str = "analysis"
    gate: Gate | None = None


class LargestTable(TableSize):
    """The size of a table in the tenant in which it is the largest."""

    tenant: str


class ScriptEntry(Entry):
    """One script that a rollout will run: a migration's, a migration's down script, a seed's, or a repair's."""

    title: str
    """What reports call it."""
    file: str | None = None
    """Null for the statements of a repair."""
    version: str | None = None
    """The migration's."""
    seed: str | None = None
    """The seed's name."""
    actions: tuple[Action, ...] = ()
    """For which actions it runs; empty for a seed."""
    tenants: int
    """In how many tenants it runs."""
    sql: str
    """The SQL."""
    hazards: tuple[HazardEntry, ...] = ()
    """The worst first: `code`; `line` (null if it is the entire script's), `statement` (the beginning of the
    statement), `object`, and `detail`, or null; `source` (`analysis`, or `squawk` if only squawk found it); `gate`
    (`deny`, `warn`, `allowed`, or null).
    """
    tables: tuple[LargestTable, ...] = ()
    """The existing tables that the hazards concern, the largest first: `table` (as the script names it), `rows` (null
    if never analyzed), `bytes`, and `tenant`, in which the table is the largest.
    """


class RolloutPlan(Entry):
    """What a rollout will do, tenant by tenant, ring after ring; `scripts` are the distinct ones, in their order.

    `manifest` is the checksum of the manifest that the plan is about.
    """

    environment: str
    digest: str
    manifest: str = ""
    tenants: tuple[TenantPlan, ...]
    scripts: tuple[ScriptEntry, ...] = ()


def build_plan(environment: str, manifest_checksum: str, scope: Scope, tenants: Iterable[TenantPlan]) -> RolloutPlan:
    """The plan with its digest: SHA-256 of environment, manifest, scope, and each tenant's state and actions."""
    plans = tuple(tenants)
    facts = {
        "environment": environment,
        "manifest": manifest_checksum,
        "scope": scope.model_dump(mode="json"),
        "tenants": [each.model_dump(mode="json", exclude=SHOWN_ONLY) for each in plans],
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return RolloutPlan(environment=environment, digest=digest, manifest=manifest_checksum, tenants=plans)


def by_ring(plan: RolloutPlan, rings: Sequence[str]) -> Mapping[str, tuple[TenantPlan, ...]]:
    """The tenants of each ring that has any, in the order of the rings."""
    groups = {ring: tuple(each for each in plan.tenants if each.ring == ring) for ring in rings}
    return {ring: tenants for ring, tenants in groups.items() if tenants}
