"""What the evidence comes to."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pgfleet.catalog.expected import Provenance
from pgfleet.judge.document import ManifestEntry
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.proof.document import (
    FaultEntry,
    FaultKind,
    LintEntry,
    ManifestProof,
    MigrationProof,
    ObjectProof,
    ProofOutcome,
    RequirementsEntry,
    TableProof,
    TwiceEntry,
)
from pgfleet.proof.evidence import Evidence, RequiredRun, SecondRun, Sight

HOME = "public"
"""The home schema of a scratch database."""
SHOWN = 5
EXIT_STATUS = {ProofOutcome.PROVEN: 0, ProofOutcome.FAULTY: 1, ProofOutcome.INCOMPLETE: 3}


def build_proof(manifest: Manifest, evidence: Evidence, lint: Sequence[LintEntry] | str) -> ManifestProof:
    """The whole document; `lint` holds squawk's findings, or why there are none to be had."""
    migrations = tuple(_migration(each, evidence) for each in manifest.migrations)
    faults = tuple(_faults(manifest, migrations, evidence))
    unproven = tuple(_unproven(migrations, evidence, lint))
    return ManifestProof(
        outcome=_outcome(faults, unproven),
        manifest=ManifestEntry(checksum=manifest.checksum, migrations=tuple(each.version for each in migrations)),
        server_version=evidence.server_version,
        faults=faults,
        unproven=unproven,
        migrations=migrations,
        objects=tuple(_object(each, evidence) for each in evidence.provenances),
        tables=tuple(_tables(evidence)),
        lint=None if isinstance(lint, str) else tuple(lint),
    )


def judge_second_run(run: SecondRun) -> TwiceEntry:
    """No object may change and no row be added or lost; of tables without a row it cannot be told whether one would."""
    changes, losses = [*_changes(run.before, run.after), *_additions(run)], [*_losses(run)]
    details = [f"it fails: {run.error}" if run.error else "", *changes, *losses]
    empty = sorted(table for table, rows in run.before.rows.items() if not rows)
    if empty and not losses:
        details.append(f"there was no row to lose in {_listed(empty)}")
    return TwiceEntry(
        changes_nothing=not (changes or run.error),
        loses_no_row=False if losses else None if empty else True,
        detail="; ".join(filter(None, details)) or None,
    )


def judge_required_run(run: RequiredRun) -> RequirementsEntry:
    """It must run, and leave its objects."""
    if not run.error and not run.absent:
        return RequirementsEntry(suffice=True)
    said = run.error or f"it runs, but does not leave {_listed(run.absent)}"
    hint = f"; with {run.lacking}, which it does not require, it does" if run.lacking else ""
    return RequirementsEntry(suffice=False, detail=f"{said}{hint}")


def _migration(migration: Migration, evidence: Evidence) -> MigrationProof:
    second, alone = evidence.second_runs.get(migration.version), evidence.required_runs.get(migration.version)
    return MigrationProof(
        version=migration.version,
        file=migration.file,
        twice=judge_second_run(second) if second else TwiceEntry(),
        requirements=judge_required_run(alone) if alone else RequirementsEntry(),
        checks=evidence.checks.get(migration.version, ()),
    )


def _object(provenance: Provenance, evidence: Evidence) -> ObjectProof:
    identity, reruns = provenance.object.identity, evidence.reruns
    return ObjectProof(
        version=provenance.maker,
        versions=tuple(step.version for step in provenance.steps),
        kind=identity.kind,
        identity=identity.qualified(HOME),
        healed_if_missing=identity in reruns.missing,
        healed_if_changed=identity in reruns.changed if identity in reruns.altered else None,
    )


def _tables(evidence: Evidence) -> Iterator[TableProof]:
    """As the last second run found them."""
    last = [*evidence.second_runs.values()][-1:]
    for table, rows in (each for run in last for each in run.before.rows.items()):
        yield TableProof(table=table, rows=_count(rows), detail=None if rows else evidence.empty.get(table))


def _faults(manifest: Manifest, proofs: Iterable[MigrationProof], evidence: Evidence) -> Iterator[FaultEntry]:
    files = {each.version: each.file for each in manifest.migrations}
    if evidence.failed:
        version, message = evidence.failed
        yield FaultEntry(kind=FaultKind.FAILS, version=version, file=files.get(version, version), message=message)
    for proof in proofs:
        for kind, message in _wrong(proof):
            yield FaultEntry(kind=kind, version=proof.version, file=proof.file, message=message)


def _wrong(proof: MigrationProof) -> Iterator[tuple[FaultKind, str]]:
    if proof.twice.changes_nothing is False:
        yield FaultKind.CHANGES, f"run a second time, {proof.twice.detail}"
    if proof.twice.loses_no_row is False:
        yield FaultKind.LOSES_ROWS, f"run a second time, {proof.twice.detail}"
    if proof.requirements.suffice is False:
        yield FaultKind.REQUIREMENT_LACKING, f"after what it requires alone, {proof.requirements.detail}"
    for check in proof.checks:
        if check.passed is False:
            yield FaultKind.CHECK_FAILS, f"check '{check.name}' fails after a replay: {check.detail}"


def _unproven(proofs: Iterable[MigrationProof], evidence: Evidence, lint: Sequence[LintEntry] | str) -> Iterator[str]:
    if evidence.failed:
        yield f"nothing else was looked at, because {evidence.failed[0]} fails"
    for table in _tables(evidence):
        if not table.rows:
            yield f"{table.table} could not be filled, so no loss of its rows was looked for: {table.detail}"
    for check in (check for proof in proofs for check in proof.checks if check.passed is None):
        yield f"check '{check.name}' could not be completed: {check.detail}"
    if isinstance(lint, str):
        yield f"squawk could not be asked: {lint}"


def _outcome(faults: Sequence[FaultEntry], unproven: Sequence[str]) -> ProofOutcome:
    """A fault is certain whatever else could not be looked at."""
    if faults:
        return ProofOutcome.FAULTY
    return ProofOutcome.INCOMPLETE if unproven else ProofOutcome.PROVEN


def _changes(before: Sight, after: Sight) -> Iterator[str]:
    old = {each.identity: each for each in before.objects}
    new = {each.identity: each for each in after.objects}
    made = [new[each] for each in new if each not in old]
    gone = [old[each] for each in old if each not in new]
    altered = [new[each] for each in new if each in old and new[each].attributes != old[each].attributes]
    for verb, objects in (("it makes", made), ("it drops", gone), ("it alters", altered)):
        if objects:
            yield f"{verb} {_listed([f'{o.identity.kind} {o.identity.qualified(HOME)}' for o in objects])}"


def _additions(run: SecondRun) -> Iterator[str]:
    """A row that is altered is no added one."""
    for table, rows in run.after.rows.items():
        if (added := _count(rows) - _count(run.between.get(table, {}))) > 0:
            yield f"it adds {added} rows to {table}"


def _losses(run: SecondRun) -> Iterator[str]:
    """The first of the two runs may alter rows, since it has not met them before, but not be rid of them."""
    for table, rows in run.before.rows.items():
        held, left = Counter(run.between.get(table, {})), Counter(run.after.rows.get(table, {}))
        deleted, altered = _count(rows) - min(_count(held), _count(left)), (held - left).total()
        if deleted > 0:
            yield f"it deletes {deleted} of {_count(rows)} rows of {table}"
        elif altered:
            yield f"it alters {altered} of {_count(rows)} rows of {table} each time"


def _count(rows: Mapping[str, int]) -> int:
    return sum(rows.values())


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
