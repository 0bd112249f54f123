"""What a person at a terminal reads of a manifest's proof: what is wrong, then what a rerun heals, then the rest."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pgfleet.documents.manifest_proof import ManifestProof, MigrationProof, ProofOutcome
from pgfleet.reports.phrases.manifest_proof import (
    by_kind,
    changed_in_words,
    findings_in_words,
    in_words,
    missing_in_words,
)

STYLE = {ProofOutcome.PROVEN: "green", ProofOutcome.FAULTY: "red", ProofOutcome.INCOMPLETE: "magenta"}
MARK = {
    True: Text("✓", style="green", justify="center"),
    False: Text("NO", style="red", justify="center"),
    None: Text("?", style="magenta", justify="center"),
}
MOST_LINES = 40


def proof_report(proof: ManifestProof) -> RenderableType:
    """The whole report."""
    parts: list[RenderableType] = [_migrations(proof.migrations)]
    parts += _section("Wrong", (f"{each.file}: {each.message}" for each in proof.faults))
    parts += _section("Could not be looked at", proof.unproven)
    parts += _section("Squawk's findings, which are no fault", findings_in_words(proof.lint or ()))
    if proof.objects:
        parts += [Text(), Text("What a rerun heals", style="bold"), _reapplying(proof)]
    parts += [Text(), Text(in_words(proof), style=f"bold {STYLE[proof.outcome]}")]
    return Group(*parts)


def _migrations(migrations: Iterable[MigrationProof]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("migration", no_wrap=True)
    for name in ("twice changes nothing", "loses no row", "requirements suffice", "checks pass"):
        table.add_column(name, justify="center")
    for each in migrations:
        marks = (each.twice.changes_nothing, each.twice.loses_no_row, each.requirements.suffice, _checks(each))
        table.add_row(Text(each.file), *(MARK[mark] for mark in marks))
    return table


def _checks(proof: MigrationProof) -> bool | None:
    """As the worst of them; without the rest of the proof it cannot be told."""
    passed = {each.passed for each in proof.checks}
    if False in passed:
        return False
    return None if None in passed or proof.requirements.suffice is None else True


def _reapplying(proof: ManifestProof) -> Padding:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("kind", "brought back if missing", "put right if changed"):
        table.add_column(name)
    for kind, objects in by_kind(proof.objects).items():
        table.add_row(Text(kind), Text(missing_in_words(objects)), Text(changed_in_words(objects)))
    return _indented(table)


def _section(title: str, lines: Iterable[str]) -> Iterator[RenderableType]:
    found = tuple(lines)
    if found:
        yield Text()
        yield Text(title, style="bold")
    for line in found[:MOST_LINES]:
        yield _indented(Text(line))
    if len(found) > MOST_LINES:
        yield _indented(Text(f"… and {len(found) - MOST_LINES} more; --format json has them all"))


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2), expand=False)
