"""The proof document, from the evidence."""

import json
from collections.abc import Iterable, Iterator, Sequence

from pgfleet.catalog.expected import Provenance
from pgfleet.catalog.objects import ObjectKind
from pgfleet.catalog.residue import Residue, describe_residue
from pgfleet.check.evidence import DownRun, Evidence, RequiredRun
from pgfleet.check.second_run import HOME, judge_second_run
from pgfleet.documents.findings import ContractEntry
from pgfleet.documents.manifest_proof import (
    DownEntry,
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
from pgfleet.judge.entries import judge_contract
from pgfleet.judge.summary import manifest_entry
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.wording import listed

EXIT_STATUS = {ProofOutcome.PROVEN: 0, ProofOutcome.FAULTY: 1, ProofOutcome.INCOMPLETE: 3}


def build_proof(manifest: Manifest, evidence: Evidence, lint: Sequence[LintEntry] | str) -> ManifestProof:
    """The proof document; `lint` are squawk's findings, or why squawk could not run."""
    migrations = tuple(_migration(each, evidence, manifest) for each in manifest.migrations)
    contracts = tuple(_contracts(manifest, evidence))
    faults = (*_faults(manifest, migrations, evidence), *_broken(manifest, contracts))
    unproven = tuple(_unproven(migrations, evidence, lint))
    return ManifestProof(
        outcome=_outcome(faults, unproven),
        manifest=manifest_entry(manifest),
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
    """The requirements suffice if the migration runs and creates its objects."""
    if not run.error and not run.absent:
        return RequirementsEntry(suffice=True)
    problem = run.error or f"does not create {listed(run.absent)}"
    if run.undeclared:
        versions = " and ".join(run.undeclared)
        noun = "migration" if len(run.undeclared) == 1 else "migrations"
        detail = f"fails without {noun} {versions} ({problem}); add requires = {json.dumps(run.undeclared)}"
    else:
        detail = f"fails with only its requirements applied: {problem}"
    return RequirementsEntry(suffice=False, detail=detail)


def _migration(migration: Migration, evidence: Evidence, manifest: Manifest) -> MigrationProof:
    second, alone = evidence.second_runs.findings.get(migration.version), evidence.required_runs.get(migration.version)
    undone = evidence.down_runs.get(migration.version)
    is_required = manifest.is_idempotent or migration.repeatable
    twice = judge_second_run(second) if second else TwiceEntry()
    is_reverted = migration.down is not None and not migration.repeatable
    return MigrationProof(
        version=migration.version,
        file=migration.file,
        twice=twice.model_copy(update={"is_required": is_required}),
        requirements=judge_required_run(alone) if alone else RequirementsEntry(),
        down=judge_down_run(undone) if undone else DownEntry() if is_reverted else None,
        checks=evidence.checks.get(migration.version, ()),
    )


def _object(provenance: Provenance, evidence: Evidence) -> ObjectProof:
    identity, reapplicable = provenance.object.identity, evidence.reapplicable
    return ObjectProof(
        version=provenance.maker,
        versions=tuple(step.version for step in provenance.steps),
        kind=identity.kind,
        identity=identity.qualified(HOME),
        restored_if_missing=identity in reapplicable.missing,
        restored_if_changed=identity in reapplicable.changed if identity in reapplicable.altered else None,
    )


def _tables(evidence: Evidence) -> Iterator[TableProof]:
    for table, rows in evidence.second_runs.rows.items():
        yield TableProof(table=table, rows=rows, detail=None if rows else evidence.second_runs.empty.get(table))


def _faults(manifest: Manifest, proofs: Iterable[MigrationProof], evidence: Evidence) -> Iterator[FaultEntry]:
    downs = {each.version: each.down.script.file for each in manifest.migrations if each.down}
    if evidence.failed:
        version, message = evidence.failed
        yield FaultEntry(
            kind=FaultKind.FAILS, version=version, file=manifest.files.get(version, version), message=message
        )
    for proof in proofs:
        for kind, message in _migration_faults(proof, evidence):
            yield FaultEntry(kind=kind, version=proof.version, file=proof.file, message=message)
        if proof.down and proof.down.reverts is False:
            message = f"the down script {proof.down.detail}"
            file = downs[proof.version]
            yield FaultEntry(kind=FaultKind.NOT_REVERTED, version=proof.version, file=file, message=message)


def _contracts(manifest: Manifest, evidence: Evidence) -> Iterator[ContractEntry]:
    observed = {each.consumer: each for each in evidence.contracts}
    for contract in manifest.contracts:
        if found := observed.get(contract.consumer):
            yield judge_contract(contract, found, role=None, inherited=False)


def _broken(manifest: Manifest, contracts: Iterable[ContractEntry]) -> Iterator[FaultEntry]:
    files = {each.consumer: each.script.file for each in manifest.contracts}
    for contract in contracts:
        for each in contract.failures:
            message = f"{contract.consumer} cannot run '{each.statement}' after a replay: {each.message}"
            yield FaultEntry(
                kind=FaultKind.CONTRACT_BROKEN, version=None, file=files[contract.consumer], message=message
            )


def _migration_faults(proof: MigrationProof, evidence: Evidence) -> Iterator[tuple[FaultKind, str]]:
    second = evidence.second_runs.findings.get(proof.version)
    if second and proof.twice.is_required:
        for kind, effects in ((FaultKind.CHANGES, second.changes), (FaultKind.LOSES_ROWS, second.losses)):
            if effects:
                yield kind, f"a second run {'; '.join(effects)}"
    if proof.requirements.suffice is False:
        yield FaultKind.REQUIREMENT_LACKING, proof.requirements.detail or ""
    for check in proof.checks:
        if check.passed is False:
            yield FaultKind.CHECK_FAILS, f"check '{check.name}' fails after a replay: {check.detail}"


def _unproven(proofs: Sequence[MigrationProof], evidence: Evidence, lint: Sequence[LintEntry] | str) -> Iterator[str]:
    if evidence.failed:
        yield f"nothing else was checked because {evidence.failed[0]} fails"
    for table in _tables(evidence) if any(each.twice.is_required for each in proofs) else ():
        if not table.rows:
            reason = f": {table.detail}" if table.detail else ""
            yield f"{table.table} has no sample rows, so row losses could not be detected{reason}"
    for contract in (each for each in evidence.contracts if each.fault):
        yield f"not every statement of {contract.consumer} could be checked: {contract.fault}"
    for check in (check for proof in proofs for check in proof.checks if check.passed is None):
        yield f"check '{check.name}' could not be completed: {check.detail}"
    if isinstance(lint, str):
        yield f"squawk could not run: {lint}"


def _outcome(faults: Sequence[FaultEntry], unproven: Sequence[str]) -> ProofOutcome:
    """Faulty takes precedence over incomplete."""
    if faults:
        return ProofOutcome.FAULTY
    return ProofOutcome.INCOMPLETE if unproven else ProofOutcome.PROVEN


def judge_down_run(run: DownRun) -> DownEntry:
    """A down script reverts its migration if nothing is left, and the migration then does what it did.

    An extension may remain: other parts of the database may use it.
    """
    own = tuple(each for each in run.residue.left if each.identity.kind is not ObjectKind.EXTENSION)
    residue = Residue(left=own, missing=run.residue.missing, changed=run.residue.changed)
    problems = [
        f"fails: {run.error}" if run.error else describe_residue(residue, HOME),
        f"is followed by a failure of the migration: {run.error_again}" if run.error_again else "",
        f"is followed by a migration that {describe_residue(run.again, HOME)}" if run.again else "",
    ]
    detail = "; ".join(filter(None, problems))
    return DownEntry(reverts=not detail, detail=detail or None)
