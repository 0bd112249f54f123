"""The proof of a manifest at the terminal and in Markdown."""

from unit.printed import printed

from pgfleet.documents.audit import ManifestEntry
from pgfleet.documents.findings import CheckEntry
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
from pgfleet.reports.blocks import MOST_TENANTS
from pgfleet.reports.phrases.manifest_proof import proof_sentence
from pgfleet.reports.render import markdown
from pgfleet.reports.views.manifest_proof import MOST_OBJECTS, proof_rows, proof_view

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
    return printed(proof_view(proof))


def test_a_proven_manifest_is_a_table_of_migrations_and_one_of_what_reapplying_restores() -> None:
    lines = shown(a_proof())
    assert lines[1].split() == ["1_rules.sql", "✓", "✓", "✓", "✓"]
    kinds = [line.split("  ") for line in lines if line.startswith("  ")]
    cells = [[cell.strip() for cell in each if cell.strip()] for each in kinds]
    assert cells[1:] == [
        ["index", "all 1", "none of 1"],
        ["column", "none of 1", "none of 1"],
        ["table", "all 1", "not tried"],
    ]
    assert lines[-2] == "proven on PostgreSQL 16.4; reapplying restores 2 of 3 objects if they are missing"
    assert "Faults" not in lines


def test_faults_come_first() -> None:
    proof = a_proof(ProofOutcome.FAULTY, faults=(FAULT,), migrations=(MigrationProof(version="2", file="2_b.sql"),))
    lines = shown(proof)
    assert lines[1].split() == ["2_b.sql", "?", "?", "?", "?"]
    assert lines.index("Faults") < lines.index("What reapplying restores")
    assert "  2_<b>.sql: run a second time, it fails: taken" in lines
    assert lines[-2] == "1 fault in 2_<b>.sql on PostgreSQL 16.4"


def test_checks_that_could_not_run_are_counted() -> None:
    proof = a_proof(ProofOutcome.INCOMPLETE, unproven=("a", "b"))
    assert proof_sentence(proof) == "no faults found on PostgreSQL 16.4, but 2 checks could not run"
    assert {"  a", "  b"} <= set(shown(proof))


def test_the_same_finding_of_squawk_is_listed_once_and_many_are_capped() -> None:
    def found(line: int, rule: str = "ban") -> LintEntry:
        return LintEntry(file="1_a.sql", line=line, rule=rule, level="warning", message="do not")

    assert "  1_a.sql, lines 3, 9: do not (ban)" in shown(a_proof(lint=(found(3), found(9))))
    many = tuple(found(1, f"rule-{n}") for n in range(MOST_TENANTS + 2))
    assert "  … and 2 more" in shown(a_proof(lint=many))


def test_rows_begin_with_what_reapplying_does_not_restore() -> None:
    first, *others = proof_rows(a_proof())
    assert first == {
        "object": "column public.rules.name",
        "restored if missing": "no",
        "restored if changed": "no",
        "by": "1, 2",
    }
    assert [each["object"] for each in others] == ["index public.idx", "table public.rules"]
    assert proof_rows(a_proof(objects=())) == []


def test_rows_are_capped() -> None:
    many = tuple(an_object("column", f"rules.c{n}", missing=False, changed=None) for n in range(MOST_OBJECTS + 3))
    rows = proof_rows(a_proof(objects=many))
    assert (len(rows), rows[-1]["object"]) == (MOST_OBJECTS + 1, "… and 3 more, none worse")


def test_the_page_escapes_what_it_quotes() -> None:
    page = markdown.render(proof_view(a_proof(ProofOutcome.FAULTY, faults=(FAULT,))))
    assert "- **2\\_&lt;b&gt;.sql: run a second time, it fails: taken**" in page
    assert "Squawk" not in page


def test_neighbors_with_the_same_proof_share_a_row() -> None:
    proven = [WHOLE.model_copy(update={"version": f"{number:04}"}) for number in range(1, 64)]
    unknown = MigrationProof(version="0064", file="0064_x.sql")
    lines = shown(a_proof(migrations=(*proven, unknown)))
    assert lines[1].split() == ["0001", "…", "0063", "(63)", "✓", "✓", "✓", "✓"]
    assert lines[2].split() == ["0064_x.sql", "?", "?", "?", "?"]


def test_migrations_that_may_run_only_once_are_listed_but_not_marked_as_faults() -> None:
    twice = TwiceEntry(is_required=False, changes_nothing=False, loses_no_row=True, detail="fails: taken")
    lines = shown(a_proof(migrations=(WHOLE.model_copy(update={"twice": twice}),)))
    assert lines[1].split() == ["1_rules.sql", "no", "✓", "✓", "✓"]
    assert "  1 migration: 1_rules.sql" in lines
    assert [line for line in lines if "idempotent = true" in line]
