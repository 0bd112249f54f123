"""The scripts of a plan with their hazards, what the policy denies, and how the plan shows them."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from unit.literals import a_manifest, a_migration, a_seed
from unit.rollout_literals import a_plan, a_rollout, a_tenant_plan, planned

from pgfleet.documents.entry import StatementEntry
from pgfleet.documents.manifest_proof import LintEntry
from pgfleet.documents.plan import Action, TableSize, TenantPlan
from pgfleet.documents.plan import Scope as PlanScope
from pgfleet.documents.rollout_plan import Gate, ScriptEntry, build_plan
from pgfleet.fleet.model import HazardPolicy
from pgfleet.hazards.codes import HazardCode
from pgfleet.manifest.model import DownScript, Manifest, Migration, Script, Seed
from pgfleet.reports.render import html, markdown, terminal
from pgfleet.reports.views.plan import approval_view, plan_view
from pgfleet.reports.views.rollout_page import rollout_page
from pgfleet.reports.views.scripts import bytes_text, folded
from pgfleet.rollout.gate import denial
from pgfleet.rollout.script_entries import list_scripts, tables_by_plan
from pgfleet.run import squawk

CREATE = "CREATE TABLE users (id int, email text);\n"
DROP = "ALTER TABLE users\n  DROP COLUMN email;\n"
INDEX = "CREATE INDEX users_id ON users (id);\n"
APPLY, SKIP, REVERT = Action.APPLY, Action.SKIP, Action.REVERT


def migration(version: str, sql: str, *, down: str | None = None, allows: Iterable[HazardCode] = ()) -> Migration:
    made = a_migration(version, name="m")
    script = replace(made.script, sql=sql)
    undo = DownScript(script=Script(path=f"{version}_m.down.sql", sql=down, checksum="")) if down else None
    return replace(made, script=script, down=undo, allows=tuple(allows))


def seed(sql: str) -> Seed:
    made = a_seed()
    return replace(made, script=replace(made.script, sql=sql))


def scripts(
    manifest: Manifest, *plans: TenantPlan, policy: HazardPolicy | None = None, lint: Iterable[LintEntry] = ()
) -> tuple[ScriptEntry, ...]:
    by_file = {each.file: [each] for each in lint}
    return list_scripts(plans, manifest, policy or HazardPolicy(), by_file)


def gates(script: ScriptEntry) -> dict[str, Gate | None]:
    return {str(each.code): each.gate for each in script.hazards}


MANIFEST = a_manifest(migration("1", CREATE, down="DROP TABLE users;"), migration("2", DROP, down="SELECT 1"))
PENDING = a_tenant_plan("acme", planned("1", SKIP), planned("2", APPLY))


def test_a_denied_hazard_is_named_with_both_ways_out() -> None:
    found = scripts(MANIFEST, PENDING)
    assert denial(found, "prod") == (
        "denied: 2_m.sql, line 1: DELETES_DATA (users.email: drops the column with its values); if this is intended, "
        'set allows = ["DELETES_DATA"] in its entry of the manifest, or change deny in [environments.prod.hazards] of '
        "the fleet file"
    )


def test_what_the_manifest_allows_is_not_denied() -> None:
    manifest = a_manifest(migration("1", CREATE), migration("2", DROP, allows=[HazardCode.DELETES_DATA]))
    [found] = scripts(manifest, PENDING)
    assert gates(found)["DELETES_DATA"] is Gate.ALLOWED
    assert denial([found], "prod") is None


def test_an_allowance_of_another_code_or_another_script_does_not_count() -> None:
    other = migration("1", CREATE, allows=[HazardCode.DELETES_DATA])
    manifest = a_manifest(other, migration("2", DROP, allows=[HazardCode.REWRITES_TABLE]))
    assert denial(scripts(manifest, PENDING), "prod") is not None


def test_a_migration_that_no_tenant_runs_denies_nothing() -> None:
    applied = a_tenant_plan("acme", planned("1", SKIP), planned("2", SKIP))
    assert scripts(MANIFEST, applied) == ()


def test_one_tenant_of_many_that_runs_it_is_enough() -> None:
    applied = [a_tenant_plan(f"t{n}", planned("1", SKIP), planned("2", SKIP)) for n in range(5)]
    assert denial(scripts(MANIFEST, *applied, PENDING), "prod") is not None


def test_in_a_tenant_where_the_plan_creates_the_table_its_column_can_be_dropped() -> None:
    new = a_tenant_plan("new", planned("1", APPLY), planned("2", APPLY))
    assert denial(scripts(MANIFEST, new), "prod") is None
    assert denial(scripts(MANIFEST, new, PENDING), "prod") is not None, "the other tenant's column has values"


def test_the_policy_decides_what_is_denied_and_warned_of() -> None:
    policy = HazardPolicy(deny=frozenset({HazardCode.BLOCKS_WRITES}), warn=frozenset({HazardCode.SCANS_TABLE}))
    manifest = a_manifest(migration("1", CREATE), migration("2", INDEX, down="SELECT 1"))
    [found] = scripts(manifest, PENDING, policy=policy)
    assert gates(found) == {"BLOCKS_WRITES": Gate.DENY, "SCANS_TABLE": Gate.WARN}


def test_a_seed_is_a_script_like_others() -> None:
    manifest = a_manifest(migration("1", CREATE), seeds=[seed("DELETE FROM users;")])
    [found] = scripts(manifest, a_tenant_plan("acme", planned("1", SKIP), seeds=["rules"]))
    assert (found.seed, found.title) == ("rules", "Seed rules")
    assert gates(found)["DELETES_DATA"] is Gate.DENY


def test_a_script_without_a_down_script_or_transaction_says_so() -> None:
    alone = replace(migration("1", "CREATE INDEX CONCURRENTLY i ON users (id);"), transactional=False)
    [found] = scripts(a_manifest(alone), a_tenant_plan("acme", planned("1", APPLY)))
    assert list(gates(found)) == ["SCANS_TABLE", "RUNS_OUTSIDE_TRANSACTION", "NOT_REVERSIBLE"]


def test_the_statements_of_a_repair_are_one_script_for_all_tenants_that_need_them() -> None:
    statements = (StatementEntry(sql="ALTER TABLE users ALTER COLUMN email SET NOT NULL"),)
    plans = [
        a_tenant_plan(name, planned("1", Action.REPAIR)).model_copy(update={"statements": statements}) for name in "ab"
    ]
    [found] = scripts(a_manifest(migration("1", CREATE)), *plans)
    assert (found.title, found.tenants, found.actions) == ("Repair", 2, (Action.REPAIR,))
    assert found.sql == "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"
    assert "MAY_FAIL_ON_ROWS" in gates(found)


def test_a_denied_repair_can_only_be_left_out_or_permitted_by_the_policy() -> None:
    statements = (StatementEntry(sql="ALTER TABLE users ALTER COLUMN email TYPE varchar(3) USING email::varchar(3)"),)
    plan = a_tenant_plan("a", planned("1", Action.REPAIR)).model_copy(update={"statements": statements})
    reason = denial(scripts(a_manifest(migration("1", CREATE)), plan), "prod")
    assert reason is not None
    assert reason.endswith("of the fleet file; otherwise leave out --repair")


def test_a_revert_may_remove_what_its_own_migration_created() -> None:
    [found] = scripts(MANIFEST, a_tenant_plan("acme", planned("1", REVERT)))
    assert (found.file, found.sql, gates(found)["DELETES_DATA"]) == (
        "1_m.down.sql",
        "DROP TABLE users;",
        Gate.ALLOWED,
    )


def test_a_revert_may_not_remove_anything_else() -> None:
    manifest = a_manifest(migration("1", CREATE, down="DROP TABLE users; DROP TABLE orders;"))
    [found] = scripts(manifest, a_tenant_plan("acme", planned("1", REVERT)))
    assert [(each.object, each.gate) for each in found.hazards if each.code is HazardCode.DELETES_DATA] == [
        ("users", Gate.ALLOWED),
        ("orders", Gate.DENY),
    ]


def test_migrations_are_reverted_newest_first() -> None:
    plan = a_tenant_plan("acme", planned("2", REVERT), planned("1", REVERT))
    assert [each.version for each in scripts(MANIFEST, plan)] == ["2", "1"]


def test_each_table_is_shown_where_it_is_largest() -> None:
    def sized(name: str, rows: int, size: int) -> TenantPlan:
        sizes = (TableSize(table="users", rows=rows, bytes=size), TableSize(table="other", rows=1, bytes=1))
        return a_tenant_plan(name, planned("1", SKIP), planned("2", APPLY)).model_copy(update={"tables": sizes})

    [found] = scripts(MANIFEST, sized("small", 10, 100), sized("large", 5, 9_000), sized("medium", 20, 500))
    [table] = found.tables
    assert (table.table, table.tenant, table.rows, table.bytes) == ("users", "large", 5, 9_000)


def test_only_existing_tables_are_measured() -> None:
    new = a_tenant_plan("new", planned("1", APPLY), planned("2", APPLY))
    assert [[*map(str, each)] for each in tables_by_plan([new, PENDING], MANIFEST).values()] == [[], ["users"]]


def test_sizes_are_not_part_of_the_digest() -> None:
    sized = PENDING.model_copy(update={"tables": (TableSize(table="users", rows=1, bytes=1),)})
    assert (
        build_plan("prod", "sum", PlanScope(), [PENDING]).digest
        == build_plan("prod", "sum", PlanScope(), [sized]).digest
    )


def lint_of(rule: str, file: str = "2_m.sql", line: int = 1) -> LintEntry:
    return LintEntry(file=file, line=line, rule=rule, level="warning", message="as squawk says")


def test_squawk_adds_hazards_that_deny_nothing() -> None:
    manifest = a_manifest(migration("1", CREATE), migration("2", INDEX))
    [found] = scripts(manifest, PENDING, lint=[lint_of("ban-drop-table")])
    added = next(each for each in found.hazards if each.source == "squawk")
    assert (added.code, added.gate, added.detail) == (HazardCode.DELETES_DATA, Gate.WARN, "as squawk says")
    assert denial([found], "prod") is None


def test_without_squawk_its_findings_are_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail() -> Path:
        raise squawk.LintFailed("squawk is not installed")

    monkeypatch.setattr(squawk, "_program", fail)
    assert squawk.lint_once(MANIFEST, tmp_path) == {}


def test_squawk_does_not_repeat_what_is_known() -> None:
    manifest = a_manifest(migration("1", CREATE), migration("2", INDEX))
    [found] = scripts(manifest, PENDING, lint=[lint_of("require-concurrent-index-creation")])
    assert {each.source for each in found.hazards} == {"analysis"}


def test_squawk_does_not_know_what_earlier_scripts_created() -> None:
    manifest = a_manifest(migration("1", CREATE), migration("2", INDEX))
    new = a_tenant_plan("new", planned("1", APPLY), planned("2", APPLY))
    found = scripts(manifest, new, lint=[lint_of("require-concurrent-index-creation")])
    assert [[*gates(each)] for each in found] == [["NOT_REVERSIBLE"], ["NOT_REVERSIBLE"]]


def test_the_plan_shows_hazards_sizes_and_the_first_lines() -> None:
    long = migration("2", DROP + "\n".join(f"SELECT {n};" for n in range(40)))
    sized = PENDING.model_copy(update={"tables": (TableSize(table="users", rows=1_204_000, bytes=312 * 1024**2),)})
    manifest = a_manifest(migration("1", CREATE), long)
    plan = a_plan(sized).model_copy(update={"scripts": scripts(manifest, sized)})
    console = Console(width=160)
    with console.capture() as capture:
        console.print(terminal.render(plan_view(plan, manifest, ("main",))))
    shown = capture.get()
    assert "2_m.sql: apply in 1 tenant" in shown
    assert "DELETES_DATA (denied)" in shown
    assert "users: about 1,204,000 rows, 312 MB in acme" in shown
    assert "SELECT 17;" in shown
    assert "SELECT 18;" not in shown
    assert "-- … 22 more lines" in shown
    assert "2_m.sql, line 1: DELETES_DATA (users.email: drops the column with its values)" in shown


def test_an_approval_shows_every_line() -> None:
    long = migration("2", DROP + "\n".join(f"SELECT {n};" for n in range(40)))
    manifest = a_manifest(migration("1", CREATE), long)
    plan = a_plan(PENDING).model_copy(update={"scripts": scripts(manifest, PENDING)})
    page = markdown.render(approval_view(plan, manifest, ("main",), [], "main"))
    assert "SELECT 39;" in page
    assert "more line" not in page


def test_sizes_and_folds_are_readable() -> None:
    assert [bytes_text(each) for each in (0, 812, 8192, 1_500_000, 12 * 1024**3)] == [
        "0 bytes",
        "812 bytes",
        "8.0 kB",
        "1.4 MB",
        "12 GB",
    ]
    assert folded("\na\nb\nc\n", 2) == "a\nb\n-- … 1 more line"
    assert folded("a\nb\n", None) == "a\nb"


def test_the_page_of_a_rollout_has_every_line() -> None:
    long = migration("2", DROP + "\n".join(f"SELECT {n};" for n in range(40)))
    manifest = a_manifest(migration("1", CREATE), long)
    document = a_rollout().model_copy(update={"scripts": scripts(manifest, PENDING)})
    page = html.render(rollout_page(document, manifest))
    assert "2_m.sql: apply in 1 tenant" in page
    assert "DELETES_DATA (denied)" in page
    assert "SELECT 39;" in page
