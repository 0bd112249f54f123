"""Answers that begin no flow run: the inventory, the manifest."""

import json
import sys
from pathlib import Path

from pgfleet.cli.console import console_on
from pgfleet.judge.summary import skipped_entries
from pgfleet.postgres import dsn
from pgfleet.reports.inventory import manifest_document, manifest_table, tenant_table
from pgfleet.run import files
from pgfleet.run.context import RunContext


def show_tenants(context: RunContext, *, as_json: bool) -> None:
    """The tenants of the context, with server, database and schema, and those that are skipped, without passwords."""
    rows = [
        {
            "name": each.name,
            "ring": each.ring,
            "server": dsn.server(each.dsn),
            "database": dsn.database(each.dsn),
            "user": dsn.user(each.dsn),
            "schema": each.home,
            "labels": dict(each.labels),
            "inventory": each.inventory,
        }
        for each in context.environment.tenants
    ]
    skipped = skipped_entries(context.environment.skipped)
    if as_json:
        document = {
            "environment": context.environment.name,
            "summary": {"tenants": len(rows), "skipped": len(skipped)},
            "tenants": rows,
            "skipped": [each.model_dump() for each in skipped],
        }
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        console_on(sys.stdout).print(tenant_table(rows, skipped))


def show_manifest(path: Path, *, as_json: bool) -> None:
    """The manifest at `path`. Raises ManifestError."""
    manifest = files.load_manifest(path)
    if as_json:
        print(json.dumps(manifest_document(manifest), ensure_ascii=False, indent=2))
    else:
        console_on(sys.stdout).print(manifest_table(manifest, str(path)))
