"""The commands `manifest` and `manifest check`."""

from typing import Annotated

import typer

from pgfleet.check.judgment import EXIT_STATUS
from pgfleet.cli import temporary_server
from pgfleet.cli.completion import complete_environments
from pgfleet.cli.options import Output, check_writable, with_groups
from pgfleet.run import files
from pgfleet.run.manifest_file import find_manifest


@with_groups
def manifest(context: typer.Context, output: Output) -> None:
    """Show the manifest as pgfleet reads it. Connects to nothing."""
    if context.invoked_subcommand:
        return
    from pgfleet.cli.output import write_json, write_table
    from pgfleet.reports.inventory import manifest_document, manifest_table

    check_writable(output.output)
    path = find_manifest()
    found = files.load_manifest(path)
    if output.as_json:
        write_json(manifest_document(found), output.output)
    else:
        write_table(manifest_table(found, str(path)), output.output)


@with_groups
def check(
    output: Output,
    on: Annotated[
        str | None,
        typer.Option(
            metavar="ENV",
            help="Use a server of this environment, not the embedded PostgreSQL.",
            autocompletion=complete_environments,
        ),
    ] = None,
) -> None:
    """Prove the manifest in scratch databases. Changes no tenant.

    Runs each migration, runs it again, and runs it with only what it requires.
    Tests which differences reapplying it fixes.

    Exit status:
    0  the manifest is proven
    1  something is wrong with it
    2  the command or a file is wrong
    3  some step could not be carried out
    """
    from pgfleet.cli.output import write
    from pgfleet.cli.progress import showing_progress
    from pgfleet.postgres.read.run_context import load_context
    from pgfleet.reports.views.manifest_proof import proof_view

    if on:
        load_context(on)  # raises ConfigurationError before a run begins
    check_writable(output.output)
    files.load_manifest(find_manifest())
    temporary_server.start()
    from pgfleet.cli.run_flow import run_flow
    from pgfleet.flows.check_manifest import check_manifest
    from pgfleet.tasks.support.results import MANIFEST_PROOF

    where = f"a server of {on}" if on else "the embedded PostgreSQL"
    with showing_progress("manifest check") as progress:
        progress.note(f"in scratch databases on {where} …")
        proof = run_flow(check_manifest, MANIFEST_PROOF, environment=on)
    write(proof, proof_view(proof), as_json=output.as_json, output=output.output)
    raise typer.Exit(EXIT_STATUS[proof.outcome])
