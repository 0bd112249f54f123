"""The proof of a manifest, from the evidence."""

import json
from dataclasses import replace

import pytest
from unit.literals import a_column, a_manifest, a_migration, a_table, an_expected_catalog

from pgfleet.catalog.reapply import Reapplicable
from pgfleet.check.evidence import Evidence, RequiredRun, SecondRunFindings, SecondRuns
from pgfleet.check.judgment import EXIT_STATUS, build_proof
from pgfleet.check.lint import read_findings
from pgfleet.documents.findings import CheckEntry
from pgfleet.documents.manifest_proof import FaultKind, LintEntry, ManifestProof, ProofOutcome

MANIFEST = a_manifest(a_migration("1"), a_migration("2"))
TABLE, COLUMN = a_table("rules"), a_column("rules", "name", type="text")
SAME = SecondRunFindings()
SECOND_RUNS = SecondRuns(findings={"1": SAME, "2": SAME}, rows={"public.rules": 3})
EXPECTED = an_expected_catalog(("1", [TABLE]), ("2", [TABLE, COLUMN]))
CLEAN = Evidence(
    server_version="16.4",
    second_runs=SECOND_RUNS,
    required_runs={"1": RequiredRun(), "2": RequiredRun()},
    checks={"1": (CheckEntry(name="table", passed=True),)},
    provenances=EXPECTED.provenances,
    reapplicable=Reapplicable(missing=frozenset({TABLE.identity}), altered=frozenset({COLUMN.identity})),
)


def a_second_run(**findings: tuple[str, ...]) -> Evidence:
    """The evidence of a manifest whose first migration's second run has these findings."""
    return replace(CLEAN, second_runs=replace(SECOND_RUNS, findings={"1": SecondRunFindings(**findings), "2": SAME}))


def test_a_manifest_of_which_all_was_seen_is_proven() -> None:
    proof = build_proof(MANIFEST, CLEAN, [])
    assert (proof.outcome, EXIT_STATUS[proof.outcome]) == (ProofOutcome.PROVEN, 0)
    assert (proof.faults, proof.unproven, proof.lint) == ((), (), ())
    assert [(each.twice.changes_nothing, each.requirements.suffice) for each in proof.migrations] == [(True, True)] * 2
    assert [(each.table, each.rows) for each in proof.tables] == [("public.rules", 3)]


def test_each_object_has_what_was_tried_of_it() -> None:
    table, column = build_proof(MANIFEST, CLEAN, []).objects
    assert (table.identity, table.version) == ("public.rules", "1")
    assert (table.restored_if_missing, table.restored_if_changed) == (True, None)
    assert (column.identity, column.versions) == ("public.rules.name", ("2",))
    assert (column.restored_if_missing, column.restored_if_changed) == (False, False)


@pytest.mark.parametrize(
    ("evidence", "kind", "message"),
    [
        (
            a_second_run(changes=("fails: taken",)),
            FaultKind.CHANGES,
            "a second run fails: taken",
        ),
        (
            a_second_run(losses=("deletes 3 of 3 rows of public.rules",)),
            FaultKind.LOSES_ROWS,
            "a second run deletes 3 of 3 rows of public.rules",
        ),
        (
            replace(CLEAN, required_runs={"1": RequiredRun(error="no such table"), "2": RequiredRun()}),
            FaultKind.REQUIREMENT_LACKING,
            "fails with only its requirements applied: no such table",
        ),
        (
            replace(
                CLEAN,
                required_runs={"1": RequiredRun(absent=("table public.a",), undeclared=("0",)), "2": RequiredRun()},
            ),
            FaultKind.REQUIREMENT_LACKING,
            'fails without migration 0 (does not create table public.a); add requires = ["0"]',
        ),
        (
            replace(CLEAN, required_runs={"1": RequiredRun(error="no such table", undeclared=("8", "9"))}),
            FaultKind.REQUIREMENT_LACKING,
            'fails without migrations 8 and 9 (no such table); add requires = ["8", "9"]',
        ),
        (
            replace(CLEAN, checks={"1": (CheckEntry(name="table", passed=False, detail="missing: 1"),)}),
            FaultKind.CHECK_FAILS,
            "check 'table' fails after a replay: missing: 1",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, FaultKind) else "",
)
def test_a_fault_is_named_with_its_file(evidence: Evidence, kind: FaultKind, message: str) -> None:
    proof = build_proof(MANIFEST, evidence, [])
    [fault] = proof.faults
    assert (fault.kind, fault.version, fault.file, fault.message) == (kind, "1", MANIFEST.migrations[0].file, message)
    assert EXIT_STATUS[proof.outcome] == 1


def test_if_the_replay_fails_nothing_else_is_reported() -> None:
    proof = build_proof(MANIFEST, Evidence(server_version="16.4", failed=("2", "line 1: syntax error")), [])
    [fault] = proof.faults
    assert (fault.kind, fault.version, fault.message) == (FaultKind.FAILS, "2", "line 1: syntax error")
    assert proof.unproven == ("nothing else was checked because 2 fails",)
    assert {each.twice.changes_nothing for each in proof.migrations} == {None}


@pytest.mark.parametrize(
    ("evidence", "lint", "said"),
    [
        (
            replace(
                CLEAN,
                second_runs=SecondRuns(rows={"public.rules": 0}, empty={"public.rules": "violates check"}),
            ),
            (),
            "public.rules has no sample rows, so row losses could not be detected: violates check",
        ),
        (
            replace(CLEAN, checks={"1": (CheckEntry(name="table", passed=None, detail="timeout"),)}),
            (),
            "check 'table' could not be completed: timeout",
        ),
        (CLEAN, "it is not installed", "squawk could not run: it is not installed"),
    ],
    ids=["empty table", "check", "squawk"],
)
def test_what_could_not_be_looked_at_never_reads_as_proven(
    evidence: Evidence, lint: tuple[LintEntry, ...] | str, said: str
) -> None:
    proof = build_proof(MANIFEST, evidence, lint)
    assert (proof.unproven, proof.faults) == ((said,), ())
    assert (proof.outcome, EXIT_STATUS[proof.outcome]) == (ProofOutcome.INCOMPLETE, 3)


def test_squawks_findings_and_objects_that_a_rerun_does_not_restore_are_no_faults() -> None:
    found = {"file": "1_a.sql", "line": 0, "rule_name": "ban-drop-table", "level": "Warning", "message": "no"}
    ours = {**found, "rule_name": "require-lock-timeout"}
    lint = read_findings([found, ours])
    assert lint == (LintEntry(file="1_a.sql", line=1, rule="ban-drop-table", level="warning", message="no"),)
    assert build_proof(MANIFEST, replace(CLEAN, reapplicable=Reapplicable()), lint).outcome is ProofOutcome.PROVEN


def test_the_document_is_read_again_from_its_json() -> None:
    proof = build_proof(MANIFEST, CLEAN, [])
    document = json.loads(proof.model_dump_json())
    assert document["schema_version"] == 2
    assert ManifestProof.model_validate(document) == proof


def test_a_second_run_of_files_that_run_once_is_no_fault() -> None:
    once = replace(MANIFEST, is_idempotent=False)
    evidence = replace(a_second_run(changes=("fails: taken",)), required_runs=CLEAN.required_runs)
    unfilled = replace(evidence, second_runs=replace(evidence.second_runs, rows={"public.rules": 0}))
    proof = build_proof(once, unfilled, [])
    assert (proof.outcome, proof.unproven) == (ProofOutcome.PROVEN, ())
    first, _ = proof.migrations
    assert (first.twice.is_required, first.twice.changes_nothing, first.twice.detail) == (False, False, "fails: taken")


def test_a_migration_that_its_tool_repeats_must_be_able_to_run_twice() -> None:
    repeatable = replace(MANIFEST.migrations[0], repeatable=True)
    manifest = replace(MANIFEST, is_idempotent=False, migrations=(repeatable, *MANIFEST.migrations[1:]))
    proof = build_proof(manifest, a_second_run(changes=("fails: taken",)), [])
    assert [(each.kind, each.version) for each in proof.faults] == [(FaultKind.CHANGES, "1")]
