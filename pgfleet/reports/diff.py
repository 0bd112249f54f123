"""A tenant's differences as a unified diff: from its entry in an audit to the document, and to lines of text."""

from collections.abc import Iterator, Sequence
from difflib import unified_diff

from pgfleet.documents.audit import ManifestEntry, TenantEntry
from pgfleet.documents.diff import DiffDocument, MigrationDiff, ObjectDiff
from pgfleet.documents.findings import DifferenceEntry, MigrationEntry, MigrationStatus, UnexpectedEntry
from pgfleet.hidden_characters import show_hidden
from pgfleet.reports.phrases.audit import broken_contracts, failed_checks, sentence

NOTHING = "/dev/null"
UNEXPECTED = "unexpected"
LIKE = {"---": "bold", "+++": "bold", "@@": "cyan", "-": "red", "+": "green", "#": "dim"}
"""The style of a line, by what it begins with; the first that fits."""


def build_diff(environment: str, manifest: ManifestEntry, entry: TenantEntry) -> DiffDocument:
    """The document about the tenant; an object that several migrations created or changed is listed once."""
    return DiffDocument(
        environment=environment,
        name=entry.name,
        home=entry.home,
        database=entry.database,
        server_version=entry.server_version,
        manifest=manifest,
        verdict=entry.verdict,
        position=entry.position,
        problems=(*filter(None, [entry.reason]), *map(sentence, broken_contracts(entry))),
        migrations=tuple(_migration(each) for each in entry.migrations if _is_listed(each)),
        objects=tuple(_objects(entry)),
        unexpected_left_out=entry.unexpected_left_out,
    )


def diff_lines(document: DiffDocument) -> Iterator[str]:
    """The unified diff. Lines that begin with # explain it; programs that read diffs skip them.

    Hidden characters are shown, except for tabs, without which the diff could not be applied.
    """
    return (show_hidden(line, keep="\t") for line in _lines(document))


def _lines(document: DiffDocument) -> Iterator[str]:
    yield f"# {_headline(document)}"
    yield from (f"# {problem}" for problem in document.problems)
    for migration in document.migrations:
        yield f"# {migration.file}: {migration.status} ({migration.priority})"
        for each in document.objects:
            if each.versions and each.versions[0] == migration.version:
                yield from _object_lines(each)
        yield from (f"# {each}" for each in migration.problems)
    others = [each for each in document.objects if not each.versions]
    yield from ["# not in the manifest, which is no fault"] if others else []
    for each in others:
        yield from _object_lines(each)
    if document.unexpected_left_out:
        yield f"# and {document.unexpected_left_out:,} more objects that are not in the manifest"


def style_of(line: str) -> str:
    """How the line looks at a terminal."""
    return next((style for start, style in LIKE.items() if line.startswith(start)), "")


def _headline(document: DiffDocument) -> str:
    position = document.position
    applied = f", {position.applied} applied, {position.pending} pending" if position else ""
    same = "" if document.objects or document.problems or document.migrations else ": as the manifest leaves it"
    return f"{document.name} of {document.environment}: {document.verdict}{applied}{same}"


def _object_lines(found: ObjectDiff) -> Iterator[str]:
    notes = [f"also of {', '.join(found.versions[1:])}"] if found.versions[1:] else []
    notes += ["accepted"] if found.accepted else []
    notes += [f"without {found.actual_left_out:,} characters at its end"] if found.actual_left_out else []
    notes += ["shared by the tenants of the database"] if found.shared else []
    if notes or not found.diff:
        remark = "" if found.diff else ": its definition reads as expected"
        aside = f" ({'; '.join(notes)})" if notes else ""
        yield f"# {found.kind} {show_hidden(found.identity)}{remark}{aside}"
    yield from found.diff.split("\n") if found.diff else ()


def _is_listed(migration: MigrationEntry) -> bool:
    return migration.status is not MigrationStatus.APPLIED or bool(migration.differences)


def _migration(migration: MigrationEntry) -> MigrationDiff:
    return MigrationDiff(
        version=migration.version,
        file=migration.file,
        priority=migration.priority,
        status="accepted" if migration.accepted else migration.status,
        problems=tuple(failed_checks(migration)) if migration.status is not MigrationStatus.PENDING else (),
    )


def _objects(entry: TenantEntry) -> Iterator[ObjectDiff]:
    versions: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], DifferenceEntry] = {}
    for migration in entry.migrations:
        for each in migration.differences:
            first.setdefault((each.kind, each.identity), each)
            versions.setdefault((each.kind, each.identity), []).append(migration.version)
    for key, each in first.items():
        yield _object(each, entry.name, each.expected, each.change, versions[key], accepted=each.accepted is not None)
    for found in entry.unexpected:
        yield _object(found, entry.name, None, UNEXPECTED)


def _object(
    found: DifferenceEntry | UnexpectedEntry,
    tenant: str,
    expected: str | None,
    change: str,
    versions: Sequence[str] = (),
    *,
    accepted: bool = False,
) -> ObjectDiff:
    return ObjectDiff(
        versions=tuple(versions),
        kind=found.kind,
        identity=found.identity,
        change=change,
        expected=expected,
        actual=found.actual,
        actual_left_out=found.actual_left_out,
        accepted=accepted,
        shared=found.shared,
        diff=_unified(f"{found.kind} {found.identity}", tenant, expected, found.actual),
    )


def _unified(name: str, tenant: str, expected: str | None, actual: str | None) -> str:
    """The unified diff from the expected definition to the tenant's."""
    before, after = (text.split("\n") if text else [] for text in (expected, actual))
    name = show_hidden(name)
    names = (NOTHING if expected is None else f"expected/{name}", NOTHING if actual is None else f"{tenant}/{name}")
    return "\n".join(unified_diff(before, after, *names, lineterm=""))
