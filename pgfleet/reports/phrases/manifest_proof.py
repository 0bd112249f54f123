"""The proof of a manifest in sentences."""

from collections.abc import Iterable, Sequence

from pgfleet.documents.manifest_proof import LintEntry, ManifestProof, ObjectProof, ProofOutcome
from pgfleet.wording import plural


def proof_sentence(proof: ManifestProof) -> str:
    """The outcome on one line."""
    where = f"on PostgreSQL {proof.server_version}"
    if proof.outcome is ProofOutcome.FAULTY:
        files = tuple(dict.fromkeys(each.file for each in proof.faults))
        return f"{plural(len(proof.faults), 'fault')} in {', '.join(files)} {where}"
    if proof.outcome is ProofOutcome.INCOMPLETE:
        return f"no faults found {where}, but {plural(len(proof.unproven), 'check')} could not run"
    restored = sum(each.restored_if_missing for each in proof.objects)
    return f"proven {where}; reapplying restores {restored} of {len(proof.objects)} objects if they are missing"


def by_kind(objects: Iterable[ObjectProof]) -> dict[str, tuple[ObjectProof, ...]]:
    """The objects of each kind, in the order of their first."""
    kinds: dict[str, list[ObjectProof]] = {}
    for each in objects:
        kinds.setdefault(each.kind, []).append(each)
    return {kind: tuple(each) for kind, each in kinds.items()}


def restored_if_missing(objects: Sequence[ObjectProof]) -> str:
    """How many of the objects reapplying restores: `all 13`, `5 of 83`, `none of 13`."""
    return _share(sum(each.restored_if_missing for each in objects), len(objects))


def restored_if_changed(objects: Sequence[ObjectProof]) -> str:
    """How many changed objects reapplying restores, of those that were tried."""
    tried = [each for each in objects if each.restored_if_changed is not None]
    return _share(sum(bool(each.restored_if_changed) for each in tried), len(tried)) if tried else "not tried"


def lint_lines(lint: Iterable[LintEntry]) -> tuple[str, ...]:
    """Squawk's findings, each once per file: `1_rules.sql, lines 1, 4: what (rule)`."""
    lines: dict[tuple[str, str, str], list[int]] = {}
    for each in lint:
        lines.setdefault((each.file, each.message, each.rule), []).append(each.line)
    return tuple(
        f"{file}, line{'' if len(found) == 1 else 's'} {', '.join(map(str, found))}: {message} ({rule})"
        for (file, message, rule), found in lines.items()
    )


def _share(restored: int, tried: int) -> str:
    if restored == tried:
        return f"all {tried}"
    return f"{restored} of {tried}" if restored else f"none of {tried}"
