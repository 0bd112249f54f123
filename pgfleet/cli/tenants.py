"""The command `tenants`."""

from pgfleet.cli.options import Environment, Output, Selected, check_writable, with_groups
from pgfleet.fleet.secret import masked_name


@with_groups
def tenants(environment: Environment, selected: Selected, output: Output) -> None:
    """Show the resolved inventory, without passwords.

    Connects to no tenant, only to the databases that an inventory names.

    Exit status:
    0  the inventory was resolved
    2  the command or a file is wrong
    3  an inventory could not be read
    """
    from pgfleet.cli.output import write_json, write_table
    from pgfleet.judge.summary import skipped_entries
    from pgfleet.postgres import dsn
    from pgfleet.postgres.read.run_context import load_context
    from pgfleet.reports.inventory import tenant_table

    context = load_context(environment, selected.selection)
    check_writable(output.output)
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
    if not output.as_json:
        write_table(tenant_table(rows, skipped), output.output)
        return
    document = {
        "environment": environment,
        "summary": {"tenants": len(rows), "skipped": len(skipped)},
        "tenants": rows,
        "skipped": [each.model_dump() for each in skipped],
    }
    write_json(document, output.output)
