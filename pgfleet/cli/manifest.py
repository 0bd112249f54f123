"""The commands about the manifest."""

from typing import Annotated

import typer

from pgfleet.cli.options import Format, FormatOption, OutputOption, refuse_unwritable
from pgfleet.run import settings

manifest_app = typer.Typer(help="The manifest as read.", invoke_without_command=True)


@manifest_app.callback()
def manifest(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """The manifest as read and found right. Connects to nothing."""
    if context.invoked_subcommand:
        return
    from pgfleet.cli.inventory import show_manifest  # noqa: PLC0415

    show_manifest(settings.Settings().manifest_file, as_json=output_format is Format.JSON)


@manifest_app.command()
def check(
    on: Annotated[
        str | None, typer.Option(metavar="ENV", help="On this environment's server instead of the embedded one.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Prove the manifest in scratch databases: run twice, run alone, what a rerun heals. Changes nothing in any tenant.

    Exit status: 0 it is proven, 1 something is wrong with it, 2 the command or a file is wrong, 3 something could not
    be looked at.
    """
    from pgfleet.cli.manifest_check import run_manifest_check  # noqa: PLC0415
    from pgfleet.postgres.read.run_context import load_context  # noqa: PLC0415

    if on:
        load_context(on)
    refuse_unwritable(output)
    raise typer.Exit(run_manifest_check(on, as_json=output_format is Format.JSON, output=output))
