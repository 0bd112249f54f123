"""Answers that need no Prefect: the inventory, the manifest."""

import json
import sys
from pathlib import Path

from flows.console import console_on
from pgfleet import files
from pgfleet.brief import Brief
from pgfleet.pg import dsn
from pgfleet.render.inventory import manifest_document, manifest_table, tenant_table


def show_tenants(brief: Brief, *, as_json: bool) -> None:
    """The tenants of the brief, with server, database and schema, without passwords."""
    rows = [
        {
            "name": each.name,
            "ring": each.ring,
            "server": dsn.server(each.dsn),
            "database": dsn.database(each.dsn),
            "user": dsn.user(each.dsn),
            "schema": each.home,
            "labels": dict(each.labels),
        }
        for each in brief.environment.tenants
    ]
    if as_json:
        print(json.dumps({"environment": brief.environment.name, "tenants": rows}, ensure_ascii=False, indent=2))
    else:
        console_on(sys.stdout).print(tenant_table(rows))


def show_manifest(path: Path, *, as_json: bool) -> None:
    """The manifest at `path`. Raises ManifestError."""
    manifest = files.load_manifest(path)
    if as_json:
        print(json.dumps(manifest_document(manifest), ensure_ascii=False, indent=2))
    else:
        console_on(sys.stdout).print(manifest_table(manifest, str(path)))
