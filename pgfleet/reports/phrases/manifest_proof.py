"""What was proven of a manifest, in sentences."""

from collections.abc import Iterable, Sequence

from pgfleet.documents.manifest_proof import LintEntry, ManifestProof, ObjectProof, ProofOutcome

RESTORED = "a rerun brings back"


def in_words(proof: ManifestProof) -> str:
    """The whole in one line."""
    where = f"on PostgreSQL {proof.server_version}"
    if proof.outcome is ProofOutcome.FAULTY:
        files = tuple(dict.fromkeys(each.file for each in proof.faults))
        return f"{_number(len(proof.faults), 'fault')} in {', '.join(files)} {where}"
    if proof.outcome is ProofOutcome.INCOMPLETE:
        return f"nothing wrong was found {where}, but {_number(len(proof.unproven), 'thing')} could not be looked at"
    restored = sum(each.restored_if_missing for each in proof.objects)
    return f"proven {where}; {RESTORED} {restored} of {len(proof.objects)} objects if they are missing"


def by_kind(objects: Iterable[ObjectProof]) -> dict[str, tuple[ObjectProof, ...]]:
    """The objects of each kind, in the order in which kinds come first."""
    kinds: dict[str, list[ObjectProof]] = {}
    for each in objects:
        kinds.setdefault(each.kind, []).append(each)
    return {kind: tuple(each) for kind, each in kinds.items()}


def missing_in_words(objects: Sequence[ObjectProof]) -> str:
    """How many of the objects a rerun brings back: `all 13`, `5 of 83`, `none of 13`."""
    return _share(sum(each.restored_if_missing for each in objects), len(objects))


def changed_in_words(objects: Sequence[ObjectProof]) -> str:
    """How many a rerun puts right, of those that were tried."""
    tried = [each for each in objects if each.restored_if_changed is not None]
    return _share(sum(bool(each.restored_if_changed) for each in tried), len(tried)) if tried else "not tried"


def findings_in_words(lint: Iterable[LintEntry]) -> tuple[str, ...]:
    """Squawk's findings, the same one in a file told once: `1_rules.sql, lines 1, 4: what (rule)`."""
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


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
