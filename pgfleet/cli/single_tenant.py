"""The commands about one tenant, `diff` and `history`: they use neither Prefect nor its server."""

from typing import Annotated

import typer
from rich.console import Console

from pgfleet.cli.completion import complete_tenants
from pgfleet.cli.options import Environment, Output, check_writable, with_groups
from pgfleet.cli.progress import Lines
from pgfleet.errors import FleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import Selection
from pgfleet.judge.summary import EXIT_STATUS, manifest_entry, outcome_of, tenant_count
from pgfleet.judge.tenant import check_scripts
from pgfleet.run.context import RunContext
from pgfleet.run.progress import listening

INCOMPLETE = 3
TenantArgument = Annotated[
    str, typer.Argument(metavar="TENANT", help="Tenant of the environment.", autocompletion=complete_tenants)
]


@with_groups
def diff(environment: Environment, tenant: TenantArgument, output: Output) -> None:
    """Show how a tenant differs from the manifest, as a unified diff.

    Compares each object with what the tenant's migrations leave.
    Lines with - are expected and missing; lines with + are only in the tenant.
    Changes nothing, and does not use Prefect.

    Exit status, as for an audit of the tenant:
    0  the tenant is ready
    1  it is not
    2  the command or a file is wrong
    3  it could not be inspected
    """
    from pgfleet.cli.output import write_json, write_lines
    from pgfleet.postgres.read.audit import audit_alone
    from pgfleet.reports.diff import build_diff, diff_lines, style_of

    context, found = _load(environment, tenant, run=f"diff {environment}")
    check_writable(output.output)
    with listening(Lines(f"diff of {tenant}", Console(stderr=True), lambda _: None)):  # a replay can take long
        entry = audit_alone(found, context)
    check_scripts([entry.script_fault], is_any_judged=bool(entry.migrations))
    document = build_diff(environment, manifest_entry(context.manifest), entry)
    if output.as_json:
        write_json(document, output.output)
    else:
        write_lines(((line, style_of(line)) for line in diff_lines(document)), output.output)
    raise typer.Exit(EXIT_STATUS[outcome_of([entry])])


@with_groups
def history(environment: Environment, tenant: TenantArgument, output: Output) -> None:
    """Show what was recorded in a tenant: its ledger and its events.

    Includes the ledger of the migration tool, if the manifest names one.
    Changes nothing, and does not use Prefect.

    Exit status:
    0  the history was read
    2  the command or a file is wrong
    3  it could not be read
    """
    from pgfleet.cli.output import write
    from pgfleet.postgres.read.history import read_history
    from pgfleet.postgres.tenant_session import open_session
    from pgfleet.reports.views.history import history_view

    context, found = _load(environment, tenant, run=f"history {environment}")
    check_writable(output.output)
    with open_session(found, context) as session:
        document = read_history(session, context.manifest, environment)
    view = history_view(document, context.environment.policy.timezone)
    write(document, view, as_json=output.as_json, output=output.output)
    raise typer.Exit(INCOMPLETE if document.faults else 0)


def _load(environment: str, tenant: str, *, run: str) -> tuple[RunContext, Tenant]:
    """The context with only that tenant. Raises ConfigurationError, also if the name is a pattern for several."""
    from pgfleet.postgres.read.run_context import load_context

    try:
        context = load_context(environment, Selection.of([tenant]), run=run)
    except FleetError as error:
        if error.file != "--tenant":
            raise
        raise FleetError("TENANT", tenant, error.problem) from None
    tenants = context.environment.tenants
    if len(tenants) != 1:
        raise FleetError("TENANT", tenant, f"matches {tenant_count(len(tenants))}; name one")
    return context, tenants[0]
