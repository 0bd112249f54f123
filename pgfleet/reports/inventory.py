"""The inventory and the manifest, at a terminal and as JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from pgfleet.documents.audit import SkippedEntry
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import Paragraph, Table
from pgfleet.reports.phrases.context import skipped_sentence
from pgfleet.reports.render import terminal
from pgfleet.wording import plural


def tenant_table(rows: Sequence[Mapping[str, Any]], skipped: Sequence[SkippedEntry] = ()) -> RenderableType:
    """One line per tenant with the inventory that it comes from, if any, then the skipped tenants."""
    inventory = ("inventory",) if any(row.get("inventory") for row in rows) else ()
    rollout = ("rollout_user",) if any(row.get("rollout_user", row["user"]) != row["user"] for row in rows) else ()
    names = ("name", "ring", "server", "database", "user", *rollout, "schema", *inventory)
    cells = tuple(
        (*(str(row[name] or "") for name in names), ", ".join(f"{key}={value}" for key, value in row["labels"].items()))
        for row in rows
    )
    head = tuple("rollout user" if name == "rollout_user" else name for name in names)
    return _table((*head, "labels"), cells, (*filter(None, [skipped_sentence(skipped)]), tenant_count(len(rows))))


def manifest_table(manifest: Manifest, path: str) -> RenderableType:
    """Its migrations in order, then contracts, migrations outside a transaction, seeds, counts, and watches."""
    head = ("", "P", "migration", "requires", "checks", "provides")
    rows = tuple(
        (str(place), each.priority, each.file, ", ".join(each.requires) or "-", str(len(each.checks)), each.provides)
        for place, each in enumerate(manifest.migrations, start=1)
    )
    seeds = ", ".join(f"{each.name} (after {each.requires})" for each in manifest.seeds) or "none"
    counts = ", ".join(each.table for each in manifest.counts) or "none"
    watches = ", ".join(f"{each.name} ({each.table})" for each in manifest.watches) or "none"
    outside = ", ".join(each.file for each in manifest.migrations if not each.transactional)
    notes = (f"run outside a transaction: {outside}",) if outside else ()
    lines = (
        *notes,
        f"seeds: {seeds}",
        f"counted: {counts}",
        f"watched: {watches}",
        f"{path}, checksum {manifest.checksum}",
    )
    return _table(head, rows, (*_contract_lines(manifest), *lines))


def _table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...], lines: Iterable[str]) -> RenderableType:
    return terminal.render_blocks([Table(head=head, rows=rows), *(Paragraph(text=each) for each in lines)])


def _contract_lines(manifest: Manifest) -> Iterator[str]:
    for each in manifest.contracts:
        statements = plural(len(each.statements), "statement")
        yield f"contract: {each.consumer} ({each.priority}), {statements} in {each.script.file}"


def manifest_document(manifest: Manifest) -> dict[str, Any]:
    """The manifest as one JSON document; keys of format 2 are absent where they do not apply."""
    ledger = manifest.ledger
    return {
        "checksum": manifest.checksum,
        **({"history": "linear"} if manifest.is_linear else {}),
        **({"ledger": {"tool": ledger.tool, "table": ledger.table, "write": ledger.write}} if ledger else {}),
        "migrations": [
            {
                "version": each.version,
                "file": each.file,
                "checksum": each.script.checksum,
                "priority": each.priority,
                "provides": each.provides,
                "without": [{"service": impact.service, "breaks": impact.breaks} for impact in each.impacts],
                "requires": list(each.requires),
                "transactional": each.transactional,
                **({"repeatable": True} if each.repeatable else {}),
                "checks": [check.name for check in each.checks],
            }
            for each in manifest.migrations
        ],
        "seeds": [{"name": each.name, "file": each.script.file, "requires": each.requires} for each in manifest.seeds],
        "counts": [{"table": each.table, "may_shrink": each.may_shrink} for each in manifest.counts],
        "watches": [{"name": each.name, "table": each.table, "queue": each.is_queue} for each in manifest.watches],
        "contracts": [
            {
                "consumer": each.consumer,
                "file": each.script.file,
                "checksum": each.script.checksum,
                "priority": each.priority,
                "statements": [statement.name for statement in each.statements],
            }
            for each in manifest.contracts
        ],
    }
