"""The command `manifest init`: a manifest for the migration files that another tool runs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pgfleet.errors import ConfigurationError
from pgfleet.manifest.migrations import prefix_of
from pgfleet.manifest.model import Tool
from pgfleet.manifest.parse import build_manifest, parse_document
from pgfleet.manifest.source.model import Directory
from pgfleet.manifest.source.read import read_source
from pgfleet.manifest.source.recognition import recognize
from pgfleet.manifest.source.template import render_manifest
from pgfleet.run import files

REFUSED = 2


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Directory with the migration files.")],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Manifest to write.")] = Path(
        "manifest.toml"
    ),
    tool: Annotated[Tool | None, typer.Option(help="Tool that runs the files, if it is not recognized.")] = None,
) -> None:
    """Write a manifest for the migration files in a directory.

    Recognizes the tool that runs them, and lists every file that
    pgfleet cannot take. Does not overwrite a file.

    Exit status:
    0  the manifest is written and valid
    2  nothing is written, because the command is wrong; or the
       manifest is written, but lists files that cannot be taken
    """
    if not folder.is_dir():
        raise ConfigurationError("manifest init", str(folder), "is not a directory")
    if output.exists():
        raise ConfigurationError("manifest init", str(output), "exists already; name another file with --output")
    directory = files.read_directory(folder)
    chosen, reason = (tool, "named by --tool") if tool else _recognize(directory, folder)
    typer.echo(f"{folder}: {chosen} ({reason})")
    found, refused = read_source(directory, chosen)
    own = Path(os.path.relpath(folder.resolve(), output.resolve().parent)).as_posix()
    prefix = prefix_of(own)
    text = render_manifest(chosen, own, prefix, found, refused)
    if not refused:
        contents = {prefix + path: content for path, content in directory.items()}
        build_manifest(parse_document(text, file=str(output)), contents, file=str(output))
    try:
        with output.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationError("manifest init", str(output), f"cannot be written: {error.strerror}") from None
    typer.echo(f"{output}: {len(found)} migration{'' if len(found) == 1 else 's'}")
    for each in refused:
        typer.echo(f"  cannot take {each.path}: it {each.problem}")
    if refused:
        typer.echo(f"Correct these files ({len(refused)}), or leave them out with skip in {output}.")
        raise typer.Exit(REFUSED)
    typer.echo(f"Next: pgfleet manifest --manifest {output}")


def _recognize(directory: Directory, folder: Path) -> tuple[Tool, str]:
    """The tool and why. Raises ConfigurationError if there is none, or more than one."""
    found = recognize(directory, folder.resolve().as_posix())
    if not found.reasons:
        problem = f"contains no migration in SQL that pgfleet recognizes ({found.hint}); name another directory"
        raise ConfigurationError("manifest init", str(folder), problem)
    if len(found.reasons) > 1:
        fits = "; ".join(f"{tool}, because {reason}" for tool, reason in found.reasons.items())
        choices = " or ".join(f"--tool {tool}" for tool in found.reasons)
        raise ConfigurationError("manifest init", str(folder), f"fits several tools: {fits}; pass {choices}")
    [(tool, reason)] = found.reasons.items()
    return tool, f"{reason}; {found.hint}" if found.hint else reason
