"""The artifacts of a manifest's proof: a table of what a rerun heals, and a page of what is wrong."""

from collections.abc import Iterable

from pgfleet.documents.manifest_proof import ManifestProof, ObjectProof
from pgfleet.reports.markup import escaped
from pgfleet.reports.phrases.manifest_proof import findings_in_words, in_words

MOST_ROWS = 500
SAID = {True: "yes", False: "no", None: "not tried"}


def proof_rows(proof: ManifestProof) -> list[dict[str, str]]:
    """One row an object, what a rerun does not bring back first; at most MOST_ROWS."""
    ordered = sorted(proof.objects, key=lambda each: (each.restored_if_missing, each.restored_if_changed is True))
    rows = [_row(each) for each in ordered[:MOST_ROWS]]
    if left_out := len(ordered) - len(rows):
        rows.append({**dict.fromkeys(rows[0], ""), "object": f"… and {left_out} more"})
    return rows


def proof_page(proof: ManifestProof) -> str:
    """What is wrong, what could not be looked at, what squawk finds."""
    lines = [
        f"# {escaped(in_words(proof))}",
        "",
        *_bullets("Wrong", (f"{each.file}: {each.message}" for each in proof.faults)),
        *_bullets("Could not be looked at", proof.unproven),
        *_bullets("Squawk's findings, which are no fault", findings_in_words(proof.lint or ())),
        f"Manifest `{proof.manifest.checksum[:12]}`; the table `manifest-check` has what a rerun heals.",
    ]
    return "\n".join(lines)


def _row(found: ObjectProof) -> dict[str, str]:
    return {
        "object": f"{found.kind} {found.identity}",
        "brought back if missing": SAID[found.restored_if_missing],
        "put right if changed": SAID[found.restored_if_changed],
        "by": ", ".join(found.versions),
    }


def _bullets(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"- {escaped(item)}" for item in items]
    return [f"## {title}", "", *lines, ""] if lines else []
