"""From a tenant's audit to its plan; the plan's digest."""

from dataclasses import replace

import pytest
from unit.literals import (
    a_difference_entry,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_seed,
    a_table,
    a_tenant_entry,
    an_expected_catalog,
    an_object,
)
from unit.rollout_literals import a_tenant_plan, planned

from pgfleet.catalog.objects import ObjectKind
from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import PositionEntry, Verdict
from pgfleet.documents.findings import (
    CheckEntry,
    Evidence,
    LedgerState,
    MigrationEntry,
    MigrationStatus,
    RepairEntry,
    SeedEntry,
    SeedStatus,
)
from pgfleet.documents.plan import Action, FirstContact, Scope, TenantPlan
from pgfleet.documents.rollout_plan import build_plan, by_ring
from pgfleet.errors import FleetError
from pgfleet.fleet.pooler import Pooler
from pgfleet.manifest.model import Priority
from pgfleet.repair.model import Strategy
from pgfleet.rollout.planning import check_scope, plan_tenant


def a_function(body: str) -> object:
    return an_object(ObjectKind.FUNCTION, "says()", body=body)


# 1 makes a table and a function, 2 another table, 3 changes the function, 4 changes it once more.
EXPECTED = an_expected_catalog(
    ("1", [a_table("one"), a_function("first")]),
    ("2", [a_table("one"), a_function("first"), a_table("two")]),
    ("3", [a_table("one"), a_function("second"), a_table("two")]),
    ("4", [a_table("one"), a_function("third"), a_table("two")]),
)
MANIFEST = a_manifest(
    a_migration("1"),
    a_migration("2", priority=Priority.P1),
    a_migration("3"),
    a_migration("4"),
    seeds=[a_seed()],
)
APPLIED, PENDING, DRIFTED = MigrationStatus.APPLIED, MigrationStatus.PENDING, MigrationStatus.DRIFTED


def entry(
    version: str,
    status: MigrationStatus = APPLIED,
    ledger: LedgerState | None = LedgerState.APPLIED,
    *,
    altered: bool = False,
    way: Strategy = Strategy.RERUN,
) -> MigrationEntry:
    """A drifted one has a difference that is fixed in that way."""
    differences = (
        [a_difference_entry().model_copy(update={"repair": RepairEntry(way=way, version=version)})]
        if status is DRIFTED
        else []
    )
    priority = Priority.P1 if version == "2" else Priority.P0
    found = a_migration_entry(status, version, priority=priority, differences=differences)
    return found.model_copy(update={"ledger": ledger, "altered": altered})


def plan(*migrations: MigrationEntry, seeds: tuple[SeedEntry, ...] = (), scope: Scope | None = None) -> TenantPlan:
    tenant = a_tenant_entry("acme", Verdict.READY, migrations=migrations, seeds=seeds)
    return plan_tenant(tenant, MANIFEST, EXPECTED, scope or Scope())


def actions(found: TenantPlan) -> dict[str, str]:
    return {each.version: str(each.action) for each in found.migrations}


@pytest.mark.parametrize(
    ("status", "ledger", "action"),
    [
        (APPLIED, LedgerState.APPLIED, Action.SKIP),
        (APPLIED, LedgerState.ADOPTED, Action.SKIP),
        (APPLIED, LedgerState.STARTED, Action.ADOPT),
        (APPLIED, None, Action.ADOPT),
        (PENDING, None, Action.APPLY),
        (DRIFTED, None, Action.REAPPLY),
        (DRIFTED, LedgerState.APPLIED, Action.REAPPLY),
        (DRIFTED, LedgerState.STARTED, Action.REAPPLY),
    ],
)
def test_the_action_follows_from_the_status_and_the_ledger(
    status: MigrationStatus, ledger: LedgerState | None, action: Action
) -> None:
    found = plan(entry("2", status, ledger))
    assert actions(found) == {"2": action}
    assert found.changes is (action is not Action.SKIP)


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        (Strategy.SQL, "running it again is not proven to fix its drift; --repair fixes it"),
        (Strategy.BY_HAND, "running it again is not proven to fix its drift; fix it by hand"),
    ],
)
def test_drift_that_running_the_script_again_is_not_proven_to_fix_is_left(way: Strategy, reason: str) -> None:
    found = plan(entry("1"), entry("2", DRIFTED, way=way), entry("4", PENDING, None))
    assert actions(found) == {"1": "skip", "2": "leave", "4": "apply"}
    assert found.of("2").reason == reason


def test_a_check_that_fails_alone_is_no_reason_to_run_a_script_again() -> None:
    failing = entry("1", DRIFTED).model_copy(
        update={"differences": (), "checks": (CheckEntry(name="rows", passed=False),)}
    )
    found = plan(failing)
    assert actions(found) == {"1": "leave"}
    assert found.of("1").reason == "running it again is not proven to make these checks pass: rows"


def test_what_was_started_and_not_finished_is_taken_up() -> None:
    started = entry("1", DRIFTED, LedgerState.STARTED, way=Strategy.SQL)
    assert actions(plan(started)) == {"1": "reapply"}


def test_a_changed_file_is_reported_and_not_run() -> None:
    [found] = plan(entry("2", altered=True)).migrations
    assert (found.action, found.altered) == (Action.SKIP, True)


def test_only_what_is_urgent() -> None:
    found = plan(entry("1", PENDING, None), entry("2", PENDING, None), scope=Scope(priority=Priority.P0))
    assert actions(found) == {"1": "apply"}
    assert actions(plan(entry("2", PENDING, None), scope=Scope(priority=Priority.P1))) == {"2": "apply"}


def test_a_rerun_on_purpose_is_of_what_is_applied() -> None:
    scope = Scope(rerun=("2", "4"))
    assert actions(plan(entry("1"), entry("2"), entry("4", DRIFTED), scope=scope)) == {
        "1": "skip",
        "2": "rerun",
        "4": "reapply",
    }


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope(rerun=("9",)), "--rerun: 9: not in the manifest, which has: 1, 2, 3, 4"),
        (Scope(rerun=("2",), priority=Priority.P0), "--rerun: 2: is P1, which --priority P0 excludes"),
    ],
    ids=["unknown", "left out"],
)
def test_an_impossible_rerun_is_rejected(scope: Scope, said: str) -> None:
    with pytest.raises(FleetError) as caught:
        check_scope(scope, MANIFEST)
    assert str(caught.value) == said


def test_what_a_script_undoes_that_is_run_again_is_run_again_after_it() -> None:
    """The first makes the function anew, as it was before the third and the fourth changed it."""
    found = plan(entry("1", DRIFTED), entry("2"), entry("3"), entry("4"))
    assert actions(found) == {"1": "reapply", "2": "skip", "3": "rerun", "4": "rerun"}
    assert (found.runs, found.runs_after("1")) == ({"1", "3", "4"}, {"3", "4"})
    assert actions(plan(entry("1"), entry("2", DRIFTED), entry("3"))) == {"1": "skip", "2": "reapply", "3": "skip"}
    assert actions(plan(entry("1"), entry("3"), entry("4"), scope=Scope(rerun=("3",)))) == {
        "1": "skip",
        "3": "rerun",
        "4": "rerun",
    }


def test_what_is_applied_for_the_first_time_undoes_nothing() -> None:
    found = plan(entry("1", PENDING, None), entry("3", PENDING, None), entry("4"))
    assert actions(found) == {"1": "apply", "3": "apply", "4": "skip"}


@pytest.mark.parametrize(
    ("other_tables", "applied", "warns"),
    [(214, 0, True), (1, 0, True), (0, 0, False), (None, 0, False), (214, 1, False)],
    ids=["many others", "one other", "an empty tenant", "has a table of the manifest", "has a migration"],
)
def test_a_tenant_with_other_tables_only_is_a_first_contact(
    other_tables: int | None, applied: int, warns: bool
) -> None:
    position = PositionEntry(version=None, applied=applied, pending=2 - applied, unknown=0, by=Evidence.CATALOG)
    tenant = a_tenant_entry("acme", Verdict.BLOCKED, migrations=[entry("1", PENDING)])
    tenant = tenant.model_copy(update={"other_tables": other_tables, "position": position})
    found = plan_tenant(tenant, MANIFEST, EXPECTED, Scope()).first_contact
    tables = sum(each.kind is ObjectKind.TABLE for each in EXPECTED.objects)
    assert found == (FirstContact(manifest_tables=tables, other_tables=other_tables or 0) if warns else None)


@pytest.mark.parametrize("verdict", [Verdict.UNREACHABLE, Verdict.UNKNOWN])
def test_what_could_not_be_looked_at_is_not_worked_on(verdict: Verdict) -> None:
    tenant = a_tenant_entry("acme", verdict, reason="why", migrations=[entry("1", PENDING, None)])
    found = plan_tenant(tenant, MANIFEST, EXPECTED, Scope())
    assert (found.obstacle, found.reason, found.migrations, found.changes) == (verdict, "why", (), False)


ALONE = replace(MANIFEST, migrations=(MANIFEST.migrations[0], replace(a_migration("2"), transactional=False)))
NEEDS_A_SESSION = (
    "2_one.sql runs outside a transaction, so it needs a session of its own, which a pooler in transaction mode does "
    'not provide; point the tenant\'s DSN at the server itself, or set pooler = "session" if that is its mode'
)


def through(pooler: Pooler | None, *migrations: MigrationEntry, standby: bool = False) -> TenantPlan:
    tenant = a_tenant_entry("acme", Verdict.READY, migrations=migrations)
    tenant = tenant.model_copy(update={"pooler": pooler, "standby": standby})
    return plan_tenant(tenant, ALONE, EXPECTED, Scope())


@pytest.mark.parametrize(
    ("pooler", "status", "ledger", "action"),
    [
        (None, PENDING, None, Action.APPLY),
        (Pooler.SESSION, PENDING, None, Action.APPLY),
        (Pooler.TRANSACTION, PENDING, None, Action.REFUSE),
        (Pooler.TRANSACTION, DRIFTED, LedgerState.APPLIED, Action.REFUSE),
        (Pooler.TRANSACTION, APPLIED, None, Action.ADOPT),
        (Pooler.TRANSACTION, APPLIED, LedgerState.APPLIED, Action.SKIP),
    ],
)
def test_what_runs_in_no_transaction_is_refused_behind_a_pooler_that_lends_sessions_out(
    pooler: Pooler | None, status: MigrationStatus, ledger: LedgerState | None, action: Action
) -> None:
    found = through(pooler, entry("1"), entry("2", status, ledger))
    assert actions(found) == {"1": "skip", "2": action}
    is_refused = action is Action.REFUSE
    assert found.of("2").reason == (NEEDS_A_SESSION if is_refused else None)
    assert (found.changes, found.is_idle) == (action not in {Action.REFUSE, Action.SKIP}, action is Action.SKIP)
    assert [each.version for each in found.refused] == (["2"] if is_refused else [])


def test_a_standby_that_would_be_written_to_is_an_obstacle() -> None:
    found = through(None, entry("1", PENDING, None), standby=True)
    assert (found.obstacle, found.unreachable_because, found.migrations) == (Verdict.UNREACHABLE, "standby", ())
    assert found.reason == "standby: its server is a read-only standby; point the DSN at the primary"
    assert through(None, entry("1"), entry("2"), standby=True).is_idle


def test_the_plan_of_an_unreachable_tenant_has_the_reason() -> None:
    tenant = a_tenant_entry("acme", Verdict.UNREACHABLE, reason="why")
    tenant = tenant.model_copy(update={"unreachable_because": ConnectFailure.TIMED_OUT})
    assert plan_tenant(tenant, MANIFEST, EXPECTED, Scope()).unreachable_because is ConnectFailure.TIMED_OUT


def test_without_an_expected_catalog_nothing_can_be_planned() -> None:
    found = plan_tenant(a_tenant_entry("acme", Verdict.READY), MANIFEST, None, Scope())
    assert found.obstacle is Verdict.UNKNOWN


MISSING = (SeedEntry(name="rules", status=SeedStatus.MISSING),)


def test_a_missing_seed_is_imported_if_its_table_will_exist() -> None:
    assert plan(entry("1"), seeds=MISSING).seeds == ("rules",)
    assert plan(entry("1", PENDING, None), seeds=MISSING).seeds == ("rules",)
    customised = (SeedEntry(name="rules", status=SeedStatus.CUSTOMIZED),)
    assert plan(entry("1"), seeds=customised).seeds == ()


def test_seeds_alone_are_imported_if_their_table_exists() -> None:
    alone = Scope(migrations=False)
    found = plan(entry("1"), seeds=MISSING, scope=alone)
    assert (found.migrations, found.seeds) == ((), ("rules",))
    assert plan(entry("1", PENDING, None), seeds=MISSING, scope=alone).seeds == ()


ONE = a_tenant_plan("acme", planned("1", Action.APPLY), ring="canary")


def digest(*tenants: TenantPlan, manifest: str = "m", scope: Scope | None = None, environment: str = "prod") -> str:
    return build_plan(environment, manifest, scope or Scope(), tenants).digest


def test_the_same_plan_always_has_the_same_digest() -> None:
    assert digest(ONE) == digest(ONE.model_copy(update={"reason": "told in other words"}))
    contact = FirstContact(manifest_tables=8, other_tables=214)
    assert digest(ONE) == digest(ONE.model_copy(update={"first_contact": contact}))
    assert len(digest(ONE)) == 64


@pytest.mark.parametrize(
    "other",
    [
        digest(ONE, manifest="n"),
        digest(ONE, environment="staging"),
        digest(ONE, scope=Scope(priority=Priority.P0)),
        digest(ONE, scope=Scope(rerun=("1",))),
        digest(ONE.model_copy(update={"fingerprint": "another"})),
        digest(ONE.model_copy(update={"ring": "main"})),
        digest(ONE.model_copy(update={"seeds": ("rules",)})),
        digest(ONE.model_copy(update={"obstacle": Verdict.UNREACHABLE})),
        digest(a_tenant_plan("acme", planned("1", Action.REAPPLY), ring="canary")),
        digest(a_tenant_plan("globex", planned("1", Action.APPLY), ring="canary")),
        digest(ONE, a_tenant_plan("globex")),
        digest(),
    ],
)
def test_another_plan_has_another_digest(other: str) -> None:
    assert other != digest(ONE)


def test_rings_come_in_the_policys_order_and_none_is_empty() -> None:
    made = build_plan("prod", "m", Scope(), [a_tenant_plan("b", ring="main"), ONE, a_tenant_plan("c", ring="main")])
    found = by_ring(made, ("canary", "early", "main"))
    assert {ring: [each.name for each in tenants] for ring, tenants in found.items()} == {
        "canary": ["acme"],
        "main": ["b", "c"],
    }


# What is accepted


def accepted(version: str, status: MigrationStatus = DRIFTED) -> MigrationEntry:
    return entry(version, status).model_copy(update={"differences": (a_difference_entry(),), "accepted": True})


def test_a_migration_with_only_accepted_differences_is_skipped_and_the_plan_lists_them() -> None:
    found = plan(accepted("1"), entry("2"))
    assert actions(found) == {"1": "skip", "2": "skip"}
    assert [each.identity for each in found.migrations[0].accepted] == ["public.idx_a"]
    assert not found.changes


def test_an_accepted_migration_is_reapplied_if_it_is_to_be_rerun() -> None:
    assert actions(plan(accepted("1"), scope=Scope(rerun=("1",)))) == {"1": "reapply"}


def test_it_is_not_run_again_for_what_an_earlier_script_undoes() -> None:
    found = plan(entry("1", DRIFTED), accepted("3"), entry("4"))
    assert actions(found) == {"1": "reapply", "3": "skip", "4": "rerun"}


def test_no_seed_is_imported_if_its_migration_is_accepted_as_pending() -> None:
    missing = (SeedEntry(name="rules", status=SeedStatus.MISSING),)
    assert plan(accepted("1", PENDING), seeds=missing).seeds == ()
    assert plan(accepted("1"), seeds=missing).seeds == ("rules",)
