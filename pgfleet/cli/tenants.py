"""The command `tenants`."""

import json
import sys

from pgfleet.cli.options import EnvironmentArgument, Format, FormatOption, LabelOption, RingOption, TenantOption
from pgfleet.fleet.secret import masked_name
from pgfleet.fleet.selection import Selection


def tenants(
    environment: EnvironmentArgument,
    tenant: TenantOption = None,
    ring: RingOption = None,
    label: LabelOption = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Show the resolved inventory, without passwords.

    Connects to no tenant, only to the databases that an inventory names.

    Exit status:
    0  the inventory was resolved
    2  the command or a file is wrong
    3  an inventory could not be read
    """
    from pgfleet.cli.output import console_on
    from pgfleet.hidden_characters import escape_json
    from pgfleet.judge.summary import skipped_entries
    from pgfleet.postgres import dsn
    from pgfleet.postgres.read.run_context import load_context
    from pgfleet.reports.inventory import tenant_table

    context = load_context(environment, Selection.of(tenant, ring, label))
    rows = [
        {
            "name": each.name,
            "ring": each.ring,
            "server": masked_name(dsn.server(each.dsn), dsn.secrets(each.dsn)),
            "database": masked_name(dsn.database(each.dsn), dsn.secrets(each.dsn)),
            "user": masked_name(dsn.user(each.dsn), dsn.secrets(each.dsn)),
            "rollout_user": masked_name(dsn.user(rollout := dsn.rollout_dsn(each)), dsn.secrets(rollout)),
            "schema": each.home,
            "labels": dict(each.labels),
            "inventory": each.inventory,
        }
        for each in context.environment.tenants
    ]
    skipped = skipped_entries(context.environment.skipped)
    if output_format is Format.TABLE:
        console_on(sys.stdout).print(tenant_table(rows, skipped))
        return
    document = {
        "environment": environment,
        "summary": {"tenants": len(rows), "skipped": len(skipped)},
        "tenants": rows,
        "skipped": [each.model_dump() for each in skipped],
    }
    print(escape_json(json.dumps(document, ensure_ascii=False, indent=2)))
