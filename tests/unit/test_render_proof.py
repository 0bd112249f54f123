"""What people read of a manifest's proof."""

from io import StringIO

from rich.console import Console

from pgfleet.documents.audit import CheckEntry, ManifestEntry
from pgfleet.documents.manifest_proof import (
    FaultEntry,
    FaultKind,
    LintEntry,
    ManifestProof,
    MigrationProof,
    ObjectProof,
    ProofOutcome,
    RequirementsEntry,
    TwiceEntry,
)
from pgfleet.reports.phrases.manifest_proof import in_words
from pgfleet.reports.proof_page import MOST_ROWS, proof_page, proof_rows
from pgfleet.reports.proof_terminal import MOST_LINES, proof_report

PASSED = CheckEntry(name="table", passed=True)
WHOLE = MigrationProof(
    version="1",
    file="1_rules.sql",
    twice=TwiceEntry(changes_nothing=True, loses_no_row=True),
    requirements=RequirementsEntry(suffice=True),
    checks=(PASSED,),
)
FAULT = FaultEntry(kind=FaultKind.CHANGES, version="2", file="2_<b>.sql", message="run a second time, it fails: taken")


def an_object(kind: str, name: str, *, missing: bool, changed: bool | None) -> ObjectProof:
    identity = f"public.{name}"
    return ObjectProof(
        version="1",
        versions=("1", "2"),
        kind=kind,
        identity=identity,
        restored_if_missing=missing,
        restored_if_changed=changed,
    )


def a_proof(outcome: ProofOutcome = ProofOutcome.PROVEN, **known: object) -> ManifestProof:
    values = {
        "manifest": ManifestEntry(checksum="0123456789abcdef" * 4, migrations=("1",)),
        "server_version": "16.4",
        "faults": (),
        "unproven": (),
        "migrations": (WHOLE,),
        "objects": (
            an_object("index", "idx", missing=True, changed=False),
            an_object("column", "rules.name", missing=False, changed=False),
            an_object("table", "rules", missing=True, changed=None),
        ),
        "tables": (),
        "lint": (),
    }
    return ManifestProof(outcome=outcome, **{**values, **known})


def shown(proof: ManifestProof) -> list[str]:
    stream = StringIO()
    Console(file=stream, width=160, highlight=False).print(proof_report(proof))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_proven_manifest_is_a_table_of_migrations_and_one_of_what_a_rerun_heals() -> None:
    lines = shown(a_proof())
    assert lines[1].split() == ["1_rules.sql", "✓", "✓", "✓", "✓"]
    kinds = [line.split("  ") for line in lines if line.startswith("  ")]
    cells = [[cell.strip() for cell in each if cell.strip()] for each in kinds]
    assert cells[1:] == [
        ["index", "all 1", "none of 1"],
        ["column", "none of 1", "none of 1"],
        ["table", "all 1", "not tried"],
    ]
    assert lines[-1] == "proven on PostgreSQL 16.4; a rerun brings back 2 of 3 objects if they are missing"
    assert "Wrong" not in lines


def test_what_is_wrong_is_told_before_the_rest() -> None:
    proof = a_proof(ProofOutcome.FAULTY, faults=(FAULT,), migrations=(MigrationProof(version="2", file="2_b.sql"),))
    lines = shown(proof)
    assert lines[1].split() == ["2_b.sql", "?", "?", "?", "?"]
    assert lines.index("Wrong") < lines.index("What a rerun heals")
    assert "  2_<b>.sql: run a second time, it fails: taken" in lines
    assert lines[-1] == "1 fault in 2_<b>.sql on PostgreSQL 16.4"


def test_what_could_not_be_looked_at_is_counted() -> None:
    proof = a_proof(ProofOutcome.INCOMPLETE, unproven=("a", "b"))
    assert in_words(proof) == "nothing wrong was found on PostgreSQL 16.4, but 2 things could not be looked at"
    assert {"  a", "  b"} <= set(shown(proof))


def test_the_same_finding_of_squawk_is_told_once_and_too_many_are_cut() -> None:
    def found(line: int, rule: str = "ban") -> LintEntry:
        return LintEntry(file="1_a.sql", line=line, rule=rule, level="warning", message="do not")

    assert "  1_a.sql, lines 3, 9: do not (ban)" in shown(a_proof(lint=(found(3), found(9))))
    many = tuple(found(1, f"rule-{n}") for n in range(MOST_LINES + 2))
    assert "  … and 2 more; --format json has them all" in shown(a_proof(lint=many))


def test_rows_begin_with_what_a_rerun_does_not_bring_back() -> None:
    first, *others = proof_rows(a_proof())
    assert first == {
        "object": "column public.rules.name",
        "brought back if missing": "no",
        "put right if changed": "no",
        "by": "1, 2",
    }
    assert [each["object"] for each in others] == ["index public.idx", "table public.rules"]
    assert proof_rows(a_proof(objects=())) == []


def test_rows_are_cut_with_a_word() -> None:
    many = tuple(an_object("column", f"rules.c{n}", missing=False, changed=None) for n in range(MOST_ROWS + 3))
    rows = proof_rows(a_proof(objects=many))
    assert (len(rows), rows[-1]["object"]) == (MOST_ROWS + 1, "… and 3 more")


def test_the_page_escapes_what_it_quotes() -> None:
    page = proof_page(a_proof(ProofOutcome.FAULTY, faults=(FAULT,)))
    assert "- 2\\_&lt;b&gt;.sql: run a second time, it fails: taken" in page
    assert "Squawk" not in page
