"""The proof of a manifest: what is wrong, what was proven of each migration, what reapplying restores."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pgfleet.documents.manifest_proof import ManifestProof, MigrationProof, ObjectProof
from pgfleet.reports.blocks import Section, Status, StatusStyle, Table, Tone, View
from pgfleet.reports.issues import Issue
from pgfleet.reports.phrases.manifest_proof import (
    by_kind,
    lint_lines,
    proof_sentence,
    restored_if_changed,
    restored_if_missing,
)
from pgfleet.reports.phrases.migration_runs import SHORTEST_RUN
from pgfleet.reports.rows import TableRow, table_rows
from pgfleet.reports.views.issues import issue_section
from pgfleet.wording import listed, plural

MOST_OBJECTS = 500
"""More rows than for tenants: a manifest is proven seldom, and its objects are looked up one by one."""
MARK = {
    True: Status(StatusStyle.GOOD, "✓"),
    False: Status(StatusStyle.BAD, "NO"),
    None: Status(StatusStyle.DOUBTFUL, "?"),
}
NOT_REQUIRED = Status(StatusStyle.NONE, "no")
ONCE = "Cannot run twice; no fault unless the manifest has idempotent = true"
ANSWER = {True: "yes", False: "no", None: "not tried"}
HEAD = ("migration", "second run changes nothing", "loses no row", "requirements suffice", "checks pass")
DOWN_HEAD = "down script reverts"


def proof_view(proof: ManifestProof) -> View:
    """Faults first. The answers about down scripts are shown only if there are any."""
    has_downs = any(each.down for each in proof.migrations)
    return View(
        title="Check of the manifest",
        summary=proof_sentence(proof),
        facts=(("manifest", proof.manifest.checksum[:12]),),
        opening=(
            Table(
                head=(*HEAD, DOWN_HEAD) if has_downs else HEAD,
                rows=tuple(_migration_rows(proof.migrations, has_downs=has_downs)),
            ),
        ),
        details=(
            *_list("Faults", [f"{each.file}: {each.message}" for each in proof.faults], Tone.BAD),
            *_list("Could not run", proof.unproven),
            *_once(proof.migrations),
            *_list("Squawk's findings, not counted as faults", lint_lines(proof.lint or ())),
            *_restored(proof.objects),
        ),
    )


def proof_rows(proof: ManifestProof) -> list[TableRow]:
    """A row per object, first what reapplying does not restore."""
    ordered = sorted(proof.objects, key=lambda each: (each.restored_if_missing, each.restored_if_changed is True))
    rows = (
        (
            f"{each.kind} {each.identity}",
            ANSWER[each.restored_if_missing],
            ANSWER[each.restored_if_changed],
            ", ".join(each.versions),
        )
        for each in ordered
    )
    head = ("object", "restored if missing", "restored if changed", "by")
    return table_rows(head, rows, most=MOST_OBJECTS)


def _migration_rows(migrations: Iterable[MigrationProof], *, has_downs: bool) -> Iterator[tuple[str | Status, ...]]:
    """A row per migration; neighbors with the same answers share one."""
    for (answers, down), group in groupby(migrations, key=lambda each: (_answers(each), _down_mark(each))):
        found, marks = list(group), (*answers, *((down,) if has_downs else ()))
        if len(found) < SHORTEST_RUN:
            for each in found:
                yield each.file, *marks
        else:
            yield f"{found[0].version} … {found[-1].version} ({len(found)})", *marks


def _answers(proof: MigrationProof) -> tuple[Status, ...]:
    """As in HEAD. Checks are answered like the worst of them, and are unknown without the rest of the proof."""
    suffice, passed = proof.requirements.suffice, {each.passed for each in proof.checks}
    checks = False if False in passed else None if None in passed or suffice is None else True
    twice = (proof.twice.changes_nothing, proof.twice.loses_no_row)
    is_fault = proof.twice.is_required
    return (
        *(NOT_REQUIRED if each is False and not is_fault else MARK[each] for each in twice),
        MARK[suffice],
        MARK[checks],
    )


def _once(migrations: Sequence[MigrationProof]) -> tuple[Section, ...]:
    """The migrations of which a second run fails or has effects, if that is no fault."""
    optional = (each for each in migrations if not each.twice.is_required)
    found = [each.file for each in optional if False in {each.twice.changes_nothing, each.twice.loses_no_row}]
    return _list(ONCE, [f"{plural(len(found), 'migration')}: {listed(found)}"] if found else [])


def _down_mark(proof: MigrationProof) -> str | Status:
    return MARK[proof.down.reverts] if proof.down else "none"


def _restored(objects: Sequence[ObjectProof]) -> Iterator[Section]:
    rows = tuple(
        (kind, restored_if_missing(found), restored_if_changed(found)) for kind, found in by_kind(objects).items()
    )
    if rows:
        table = Table(head=("kind", "restored if missing", "restored if changed"), rows=rows)
        yield Section(title="What reapplying restores", blocks=(table,))


def _list(heading: str, lines: Sequence[str], tone: Tone = Tone.PLAIN) -> tuple[Section, ...]:
    return issue_section(heading, [Issue(title=each) for each in lines], tone)
