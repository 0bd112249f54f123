"""What the evidence comes to."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.catalog.expected import Provenance
from pgfleet.check.evidence import Evidence, RequiredRun
from pgfleet.check.second_run import HOME, changes_of, judge_second_run, listed, losses_of
from pgfleet.documents.audit import ContractEntry, ManifestEntry
from pgfleet.documents.manifest_proof import (
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
from pgfleet.judge.contracts import judge_contract
from pgfleet.manifest.model import Manifest, Migration

EXIT_STATUS = {ProofOutcome.PROVEN: 0, ProofOutcome.FAULTY: 1, ProofOutcome.INCOMPLETE: 3}


def build_proof(manifest: Manifest, evidence: Evidence, lint: Sequence[LintEntry] | str) -> ManifestProof:
    """The whole document; `lint` holds squawk's findings, or why there are none to be had."""
    migrations = tuple(_migration(each, evidence) for each in manifest.migrations)
    contracts = tuple(_contracts(manifest, evidence))
    faults = (*_faults(manifest, migrations, evidence), *_broken(manifest, contracts))
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
        contracts=contracts,
        lint=None if isinstance(lint, str) else tuple(lint),
    )


def judge_required_run(run: RequiredRun) -> RequirementsEntry:
    """It must run, and leave its objects."""
    if not run.error and not run.absent:
        return RequirementsEntry(suffice=True)
    said = run.error or f"it runs, but does not leave {listed(run.absent)}"
    hint = f"; with {run.lacking}, which it does not require, it would" if run.lacking else ""
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
    identity, reruns = provenance.object.identity, evidence.reapplicable
    return ObjectProof(
        version=provenance.maker,
        versions=tuple(step.version for step in provenance.steps),
        kind=identity.kind,
        identity=identity.qualified(HOME),
        restored_if_missing=identity in reruns.missing,
        restored_if_changed=identity in reruns.changed if identity in reruns.altered else None,
    )


def _tables(evidence: Evidence) -> Iterator[TableProof]:
    """As the last second run found them."""
    last = [*evidence.second_runs.values()][-1:]
    for table, rows in (each for run in last for each in run.before.rows.items()):
        yield TableProof(table=table, rows=sum(rows.values()), detail=None if rows else evidence.empty.get(table))


def _faults(manifest: Manifest, proofs: Iterable[MigrationProof], evidence: Evidence) -> Iterator[FaultEntry]:
    files = {each.version: each.file for each in manifest.migrations}
    if evidence.failed:
        version, message = evidence.failed
        yield FaultEntry(kind=FaultKind.FAILS, version=version, file=files.get(version, version), message=message)
    for proof in proofs:
        for kind, message in _wrong(proof, evidence):
            yield FaultEntry(kind=kind, version=proof.version, file=proof.file, message=message)


def _contracts(manifest: Manifest, evidence: Evidence) -> Iterator[ContractEntry]:
    readings = {each.consumer: each for each in evidence.contracts}
    for contract in manifest.contracts:
        if reading := readings.get(contract.consumer):
            yield judge_contract(contract, reading, role=None, inherited=False)


def _broken(manifest: Manifest, contracts: Iterable[ContractEntry]) -> Iterator[FaultEntry]:
    files = {each.consumer: each.script.file for each in manifest.contracts}
    for contract in contracts:
        for each in contract.failures:
            message = f"{contract.consumer} cannot run '{each.statement}' after a replay: {each.message}"
            yield FaultEntry(
                kind=FaultKind.CONTRACT_BROKEN, version=None, file=files[contract.consumer], message=message
            )


def _wrong(proof: MigrationProof, evidence: Evidence) -> Iterator[tuple[FaultKind, str]]:
    if second := evidence.second_runs.get(proof.version):
        for kind, said in ((FaultKind.CHANGES, changes_of(second)), (FaultKind.LOSES_ROWS, losses_of(second))):
            if said:
                yield kind, f"run a second time, {'; '.join(said)}"
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
            because = f": {table.detail}" if table.detail else ""
            yield f"{table.table} could not be filled, so no loss of its rows was looked for{because}"
    for contract in (each for each in evidence.contracts if each.fault):
        yield f"not every statement of {contract.consumer} could be tried: {contract.fault}"
    for check in (check for proof in proofs for check in proof.checks if check.passed is None):
        yield f"check '{check.name}' could not be completed: {check.detail}"
    if isinstance(lint, str):
        yield f"squawk could not be asked: {lint}"


def _outcome(faults: Sequence[FaultEntry], unproven: Sequence[str]) -> ProofOutcome:
    """A fault is certain whatever else could not be looked at."""
    if faults:
        return ProofOutcome.FAULTY
    return ProofOutcome.INCOMPLETE if unproven else ProofOutcome.PROVEN
