"""The plan of a rollout at a terminal."""

import pytest
from unit.literals import a_manifest, a_migration
from unit.printed import printed
from unit.rollout_literals import (
    RINGS,
    a_plan,
    a_result,
    a_rollout,
    a_step,
    a_tenant_plan,
    planned,
)
from unit.rollout_reports import BAD_VALUE, HOSTILE, MANIFEST, section

from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import Action, FirstContact, PlannedMigration, TenantPlan
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.reports.blocks import MOST_TENANTS
from pgfleet.reports.phrases.rollout import first_contact_sentence
from pgfleet.reports.views.plan import brief_plan_view, plan_view
from pgfleet.reports.views.rollout import rollout_view

LONG = ("20250330", "20250330000000", "20250331")
DOINGS = "apply 3 migrations in 2, reapply 1 in 1, rerun 1 in 1, adopt 2 in 1, apply 1 seed in 1"


def plan_lines(*tenants: TenantPlan, width: int = 160) -> list[str]:
    return printed(plan_view(a_plan(*tenants), MANIFEST, RINGS), width)


def idle(name: str, ring: str = "main") -> TenantPlan:
    return a_tenant_plan(name, planned("1"), planned("2"), ring=ring)


def test_the_plan_of_a_fleet() -> None:
    tenants = [
        a_tenant_plan("fjord", planned("1", Action.REAPPLY), planned("2", Action.RERUN), ring="main"),
        a_tenant_plan("lumen", ring="main", obstacle=Verdict.UNREACHABLE, reason="no answer"),
        a_tenant_plan("acme", planned("1", altered=True), planned("2"), ring="canary"),
        a_tenant_plan("borealis", planned("1", Action.ADOPT), planned("2", Action.ADOPT), ring="canary"),
        a_tenant_plan("cobalt", planned("1", Action.APPLY), planned("2", Action.APPLY), ring="early", seeds=["rules"]),
        a_tenant_plan("ember", planned("1"), planned("2", Action.APPLY), ring="early"),
    ]
    assert plan_lines(*tenants) == [
        "Ring canary: 2 tenants",
        "  adopt all 2 migrations (1 tenant: borealis)",
        "  nothing to do (file changed since it was applied: 1) (1 tenant: acme)",
        "",
        "Ring early: 2 tenants",
        "  apply all 2 migrations; apply seed rules (1 tenant: cobalt)",
        "  apply 2 (1 tenant: ember)",
        "",
        "Ring main: 2 tenants",
        "  reapply 1; rerun 2 (1 tenant: fjord)",
        "",
        "Skipped: could not be inspected",
        "  no answer (unreachable) (1 tenant: lumen)",
        "",
        "Tenants per migration and seed",
        "  1_one.sql (what one provides): 1 to reapply, 1 to adopt, 1 to apply",
        "  2_two.sql (what two provides): 2 to apply, 1 to rerun, 1 to adopt",
        "  seed rules: 1 to apply",
        "",
        "Files changed after they were applied",
        "  1_one.sql: in 1 tenant; --rerun 1 runs it again",
        "",
        "Actions",
        "  action   what it does",
        "  apply    runs the script: not applied yet",
        "  reapply  runs the script again: an object is missing or changed",
        "  rerun    runs the script again: on request, or because an earlier script undoes part of it",
        "  adopt    runs nothing, records it in the ledger: applied already",
        "",
        f"6 tenants: {DOINGS}; nothing to do in 1; 1 unreachable",
        "Plan for prod · plan fedcba987654",
    ]


def test_what_is_refused_is_listed_with_its_reason() -> None:
    refused = PlannedMigration(version="2", action=Action.REFUSE, reason="2_two.sql runs in no transaction")
    tenants = [a_tenant_plan(name, planned("1"), refused) for name in ("acme", "bolt")]
    assert plan_lines(*tenants) == [
        "Ring main: 2 tenants",
        "  refuse 2 (2 tenants: acme, bolt)",
        "",
        "Refused: cannot run in the tenant",
        "  2_two.sql: runs in no transaction (2 tenants: acme, bolt)",
        "",
        "Tenants per migration and seed",
        "  2_two.sql (what two provides): 2 to refuse",
        "",
        "Actions",
        "  action  what it does",
        "  refuse  runs nothing: the script cannot run in the tenant",
        "",
        "2 tenants: refuse 2 migrations in 2",
        "Plan for prod · plan fedcba987654",
    ]


def test_a_plan_warns_of_tenants_with_other_tables_only() -> None:
    contact = FirstContact(manifest_tables=8, other_tables=214)
    plans = [
        a_tenant_plan(name, planned("1", Action.APPLY)).model_copy(update={"first_contact": contact})
        for name in ("acme", "globex")
    ]
    assert section(plan_lines(*plans, idle("old")), "First contact: is this manifest the right one?") == [
        "  none of this manifest's 8 tables exist here; 214 other tables do (2 tenants: acme, globex)",
    ]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ((1, 1), "this manifest's table does not exist here; 1 other table does"),
        ((2, 3), "none of this manifest's 2 tables exist here; 3 other tables do"),
    ],
)
def test_a_first_contact_in_words(found: tuple[int, int], sentence: str) -> None:
    contact = FirstContact(manifest_tables=found[0], other_tables=found[1])
    assert first_contact_sentence(contact) == sentence


def test_a_plan_with_nothing_to_do_is_short() -> None:
    assert plan_lines(idle("acme")) == [
        "Ring main: 1 tenant",
        "  nothing to do (1 tenant: acme)",
        "",
        "1 tenant: nothing to do in 1",
        "Plan for prod · plan fedcba987654",
    ]


def test_the_plan_of_an_empty_fleet_is_one_line() -> None:
    assert plan_lines() == ["no tenants", "Plan for prod · plan fedcba987654"]


def test_a_plan_of_seeds_alone_mentions_no_migration() -> None:
    lines = plan_lines(a_tenant_plan("acme", seeds=["rules", "more"]))
    assert lines[:2] == ["Ring main: 1 tenant", "  apply seed rules, more (1 tenant: acme)"]
    assert not [line for line in lines if ".sql" in line or line == "Actions"]


def test_a_plan_for_one_migration_does_not_mention_the_others() -> None:
    lines = plan_lines(a_tenant_plan("acme", planned("2", Action.APPLY)))
    assert "  apply 2 (1 tenant: acme)" in lines
    assert not [line for line in lines if "1_one.sql" in line]


def test_tenants_with_nothing_to_do_come_last_and_are_counted() -> None:
    busy = a_tenant_plan("busy", planned("1", Action.REAPPLY), planned("2"), ring="main")
    lines = plan_lines(*(idle(f"t{number:03}") for number in range(MOST_TENANTS)), busy)
    assert section(lines, f"Ring main: {MOST_TENANTS + 1} tenants")[0] == "  reapply 1 (1 tenant: busy)"
    assert section(lines, f"Ring main: {MOST_TENANTS + 1} tenants")[1].startswith(
        f"  nothing to do ({MOST_TENANTS} tenants: "
    )
    assert len(section(lines, f"Ring main: {MOST_TENANTS + 1} tenants")) == 2


def test_a_plan_with_much_to_do_is_capped_ring_by_ring() -> None:
    busy = [a_tenant_plan(f"t{number:03}", seeds=[f"seed{number}"], ring="main") for number in range(MOST_TENANTS + 2)]
    lines = plan_lines(*busy, idle("idle", "canary"))
    assert lines[0] == "Ring canary: 1 tenant"
    assert section(lines, f"Ring main: {MOST_TENANTS + 2} tenants")[MOST_TENANTS:] == ["  … and 2 more"]


def test_tenants_with_the_same_obstacle_are_listed_together() -> None:
    tenants = [
        a_tenant_plan(f"t{number:02}", obstacle=Verdict.UNKNOWN, reason="permission denied") for number in range(12)
    ]
    [line] = section(plan_lines(*tenants), "Skipped: could not be inspected")
    assert line.startswith("  permission denied (unknown) (12 tenants: t00, t01,")
    assert "more" in line


@pytest.mark.parametrize("name", HOSTILE)
def test_a_plan_shows_names_and_reasons_literally(name: str) -> None:
    tenants = [
        a_tenant_plan(name, planned("1", Action.APPLY), ring="main", seeds=[name]),
        a_tenant_plan("down", ring="main", obstacle=Verdict.UNREACHABLE, reason=name),
    ]
    lines = plan_lines(*tenants)
    assert f"  apply 1; apply seed {name} (1 tenant: {name})" in lines
    assert f"  {name} (unreachable) (1 tenant: down)" in lines


@pytest.mark.parametrize("width", [80, 100])
def test_a_version_is_never_cut(width: int) -> None:
    manifest = a_manifest(*(a_migration(f"{number}{version}") for number in range(3) for version in LONG))
    steps = (a_step(each.version) for each in manifest.migrations)
    document = a_rollout(a_result("a tenant of some length", Result.DONE, *steps))
    lines = printed(rollout_view(document, manifest), width)
    place = next(number for number, line in enumerate(lines) if line.startswith("tenant"))
    assert lines[place].split() == ["tenant", "ring", "result", "migrations"]
    assert lines[place + 1].split() == ["a", "tenant", "of", "some", "length", "main", "done", "all", "9", "applied"]
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("number", [63, 300])
def test_many_migrations_are_folded(number: int, width: int) -> None:
    manifest = a_manifest(*(a_migration(f"{each:04}") for each in range(1, number + 1)))
    versions, first = [each.version for each in manifest.migrations], 39
    required = f"required migration {versions[first]} is not applied"
    done = [a_step(each, Action.SKIP, StepStatus.SKIPPED) for each in versions[:first]]
    failure = a_step(versions[first], status=StepStatus.FAILED, error=BAD_VALUE)
    rest = [a_step(each, status=StepStatus.NOT_REACHED, detail=required) for each in versions[first + 1 :]]
    results = [
        a_result("acme", Result.FAILED, *done, failure, *rest),
        a_result("borealis", Result.DONE, *done, *(a_step(each) for each in versions[first:])),
    ]
    lines = printed(rollout_view(a_rollout(*results), manifest), width)
    text = " ".join(" ".join(lines).split())
    assert f"39 already applied · 1 failed: 0040 · {number - 40} not reached: 0041 … {number:04}" in text
    assert f"39 already applied · {number - 39} applied: 0040 … {number:04}" in text
    assert f"{number - 40} migrations (0041 … {number:04}): {required} (1 tenant: acme)" in text
    assert [line.split()[0] for line in lines if line.startswith(("acme", "borealis"))] == ["acme", "borealis"]
    assert max(map(len, lines)) <= width
    assert len(lines) < 40


@pytest.mark.parametrize("number", [63, 300])
def test_a_plan_with_many_migrations_folds_them(number: int) -> None:
    manifest = a_manifest(*(a_migration(f"{each:04}") for each in range(1, number + 1)))
    steps = [
        planned(each.version, Action.APPLY if each.version > "0038" else Action.SKIP) for each in manifest.migrations
    ]
    lines = printed(plan_view(a_plan(a_tenant_plan("acme", *steps)), manifest, RINGS), 80)
    assert f"  apply {number - 38}: 0039 … {number:04} (1 tenant: acme)" in lines
    assert f"  {number - 38} migrations (0039 … {number:04}): 1 to apply" in lines
    assert len(lines) < 14


def test_a_brief_plan_has_no_scripts() -> None:
    plan = a_plan(a_tenant_plan("acme", planned("1", Action.APPLY)))
    assert printed(brief_plan_view(plan, MANIFEST, RINGS)) == [
        "Ring main: 1 tenant",
        "  apply 1 (1 tenant: acme)",
        "",
        "1 tenant: apply 1 migration in 1",
        "Plan for prod · plan fedcba987654",
    ]
