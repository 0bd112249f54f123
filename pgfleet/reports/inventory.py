"""The inventory and the manifest, for people and programs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgfleet.documents.audit import SkippedEntry
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.reports.phrases.skipped import skipped_sentence


def tenant_table(rows: Sequence[Mapping[str, Any]], skipped: Sequence[SkippedEntry] = ()) -> RenderableType:
    """One line a tenant, and those that are skipped; which inventory they were found in, where there is any."""
    found = ("inventory",) if any(row.get("inventory") for row in rows) else ()
    names = ("name", "ring", "server", "database", "user", "schema", *found, "labels")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        labels = ", ".join(f"{key}={value}" for key, value in row["labels"].items())
        table.add_row(*(Text(str(row[name] or "")) for name in names[:-1]), Text(labels))
    said = (skipped_sentence(skipped),) if skipped else ()
    return Group(table, Text(), *map(Text, said), Text(tenant_count(len(rows)), style="bold"))


def manifest_table(manifest: Manifest, path: str) -> RenderableType:
    """Its migrations in their order, then contracts, seeds, counts and watches."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "P", "migration", "requires", "checks", "provides"):
        table.add_column(name, overflow="fold")
    for place, each in enumerate(manifest.migrations, start=1):
        cells = (place, each.priority, each.file, ", ".join(each.requires) or "-", len(each.checks), each.provides)
        table.add_row(*(Text(str(cell)) for cell in cells))
    seeds = ", ".join(f"{each.name} (after {each.requires})" for each in manifest.seeds) or "none"
    counts = ", ".join(each.table for each in manifest.counts) or "none"
    watches = ", ".join(f"{each.name} ({each.table})" for each in manifest.watches) or "none"
    lines = (f"seeds: {seeds}", f"counted: {counts}", f"watched: {watches}", f"{path}, checksum {manifest.checksum}")
    return Group(table, Text(), *map(Text, (*_contract_lines(manifest), *lines)))


def _contract_lines(manifest: Manifest) -> Iterator[str]:
    for each in manifest.contracts:
        statements = f"{len(each.statements)} statement{'' if len(each.statements) == 1 else 's'}"
        yield f"contract: {each.consumer} ({each.priority}), {statements} in {each.script.file}"


def manifest_document(manifest: Manifest) -> dict[str, Any]:
    """The same as one JSON document."""
    return {
        "checksum": manifest.checksum,
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
