"""The command `doctor`."""

from collections.abc import Iterator
from typing import Annotated

import typer

from pgfleet.cli.completion import complete_environments
from pgfleet.cli.options import Output, check_writable, with_groups
from pgfleet.documents.doctor import CheckEntry, CheckStatus, DoctorDocument
from pgfleet.errors import ConfigurationError, InventoryUnreadable, PgfleetError
from pgfleet.judge.doctor import error, exit_status, fault_checks, ok

OptionalEnvironment = Annotated[
    str | None,
    typer.Argument(
        metavar="ENV",
        help="Also check this environment's servers and logins.",
        autocompletion=complete_environments,
    ),
]
STYLES = {CheckStatus.OK: "green", CheckStatus.WARNING: "yellow", CheckStatus.ERROR: "red"}
WIDTH = max(map(len, CheckStatus))
CORRECT = "correct it first"


@with_groups
def doctor(output: Output, environment: OptionalEnvironment = None) -> None:
    """Check whether pgfleet can run. Changes nothing.

    Checks versions, files, folders, and Prefect's API.
    With ENV, also checks each server, through a few connections:
    version, pooler, free connections, scratch databases, and the logins' rights.

    Exit status:
    0  pgfleet can run; there may be warnings
    2  a file or a setting is wrong
    3  a server, an inventory, or Prefect's API could not be reached
    """
    from pgfleet.cli.output import write_json, write_lines

    check_writable(output.output)
    checks = tuple(_checks(environment))
    if output.as_json:
        write_json(DoctorDocument(environment=environment, checks=checks), output.output)
    else:
        write_lines(((_line(each), STYLES[each.status]) for each in checks), output.output)
    raise typer.Exit(exit_status(checks))


def _line(check: CheckEntry) -> str:
    fix = f"; to do: {check.fix}" if check.fix else ""
    return f"{check.status:{WIDTH}} {check.name.replace('_', ' ')}: {check.detail}{fix}"


def _checks(environment: str | None) -> Iterator[CheckEntry]:
    from pgfleet.cli.installation import embedded_server, file_checks, folder_checks, prefect_api, versions

    yield from versions()
    major, check = embedded_server()
    yield check
    files = [*file_checks(is_needed=environment is not None)]
    yield from files
    yield from folder_checks(environment)
    yield from prefect_api()
    if environment is None:
        return
    if any(each.status is CheckStatus.ERROR for each in files):
        yield error("environment", f"{environment}: not checked, because a file is wrong", CORRECT)
    else:
        yield from _environment_checks(environment, major)


def _environment_checks(environment: str, embedded_major: int | None) -> Iterator[CheckEntry]:
    from pgfleet.judge.summary import tenant_count
    from pgfleet.postgres.read.doctor import check_servers
    from pgfleet.postgres.read.run_context import load_context, sharing_files

    try:
        with sharing_files():  # a silent server is waited for once
            context = load_context(environment, run="doctor")
    except ConfigurationError as fault:
        yield from fault_checks("environment", fault, CORRECT)
        return
    except InventoryUnreadable as fault:
        yield from fault_checks("inventory", fault, "make the inventory readable", is_unreachable=True)
        return
    except PgfleetError as fault:  # ${secret:NAME}, which Prefect's API could not read
        yield from fault_checks("environment", fault, "check PREFECT_API_URL", is_unreachable=True)
        return
    tenants = context.environment.tenants
    yield ok("environment", f"{environment}: {tenant_count(len(tenants))}")
    for inventory in context.environment.inventories:
        found = sum(each.inventory == inventory.title for each in tenants)
        yield ok("inventory", f"{inventory.title}: {tenant_count(found)}")
    yield from check_servers(context, embedded_major)
