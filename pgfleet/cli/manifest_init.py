"""The command `manifest init`: a manifest for the migration files that another tool runs."""

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from pgfleet.errors import ConfigurationError
from pgfleet.hidden_characters import show_hidden
from pgfleet.manifest.migrations import prefix_of
from pgfleet.manifest.model import Tool
from pgfleet.manifest.parse import build_manifest, parse_document
from pgfleet.manifest.source.model import Directory
from pgfleet.manifest.source.read import ignored_files, is_sql, read_source
from pgfleet.manifest.source.recognition import recognize
from pgfleet.manifest.source.template import render_manifest
from pgfleet.run import files, settings
from pgfleet.run.manifest_file import is_chosen
from pgfleet.wording import listed, plural

REFUSED = 2
MAX_NAMES = 10
"""How many ignored files a line names."""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Directory with the migration files.")],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Manifest to write.")] = Path(
        "manifest.toml"
    ),
    tool: Annotated[
        Tool | None,
        typer.Option(metavar="NAME", help="Tool that runs the files, if it is not recognized."),
    ] = None,
) -> None:
    """Write a manifest for the migration files in a directory.

    Recognizes the tool that runs them.
    Lists the SQL files that the tool ignores, and those that pgfleet cannot use.
    Does not overwrite a file.

    Exit status:
    0  the manifest is written and valid
    2  the command is wrong, or pgfleet cannot use some of the files
    """
    _check_paths(folder, output)
    directory = files.read_directory(folder)
    chosen, reason = (tool, "named by --tool") if tool else _recognize(directory, folder)
    found, refused = read_source(directory, chosen)
    known = [*(each.path for each in found), *(each.path for each in refused)]
    ignored = ignored_files(directory, chosen, known)
    number = sum(map(is_sql, known)) + len(ignored)
    if not tool and len(ignored) > number / 2:
        for each in refused:
            if not is_sql(each.path):  # a list of the files, such as Drizzle's journal
                raise ConfigurationError("manifest init", str(folder / each.path), each.problem)
        raise _wrong_guess(folder, f"{chosen} ({reason})", ignored, number)
    own = Path(os.path.relpath(folder.resolve(), output.resolve().parent)).as_posix()
    prefix = prefix_of(own)
    text = render_manifest(str(output), chosen, own, prefix, found, refused)
    if not refused:
        contents = {prefix + path: content for path, content in directory.items()}
        build_manifest(parse_document(text, file=str(output)), contents, file=str(output))
    try:
        with output.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationError("manifest init", str(output), f"cannot be written: {error.strerror}") from None
    typer.echo(show_hidden(f"{folder}: {chosen} ({reason})"))
    typer.echo(show_hidden(f"{output}: {plural(len(found), 'migration')}"))
    if ignored:
        why = "because they are in folders" if chosen is Tool.PLAIN else f"as {chosen} does"
        typer.echo(show_hidden(f"Ignored, {why} ({len(ignored)}): {listed(ignored, MAX_NAMES)}"))
    for each in refused:
        typer.echo(show_hidden(f"cannot use {each.path}: {each.problem}"), err=True)
    if refused:
        correction = (
            f"Correct these files ({len(refused)}), or leave them out with skip in {output}; then run pgfleet manifest."
        )
        typer.echo(show_hidden(correction), err=True)
        raise typer.Exit(REFUSED)
    for line in _next_steps(output):
        typer.echo(show_hidden(line))


def _check_paths(folder: Path, output: Path) -> None:
    if not folder.is_dir():
        problem = "is not a directory" if folder.exists() else "does not exist"
        raise ConfigurationError("manifest init", "", f"'{folder}' {problem}")
    if output.exists():
        raise ConfigurationError("manifest init", str(output), "exists already; name another file with --output")


def _next_steps(manifest: Path) -> Iterator[str]:
    pgfleet = "pgfleet" if is_chosen(manifest) else f"pgfleet --manifest {shlex.quote(str(manifest))}"
    commands = {
        f"{pgfleet} manifest": "shows what pgfleet reads",
        f"{pgfleet} manifest check": "proves it in scratch databases",
        "pgfleet init": "writes a fleet file, for your databases",
        f"{pgfleet} doctor ENV": "checks an environment's servers and logins",
        f"{pgfleet} audit ENV": "compares its databases with the manifest, and only reads",
    }
    if settings.Settings().config.exists():
        del commands["pgfleet init"]
    width = max(map(len, commands))
    yield "Next:"
    yield from (f"  {command:{width}}  {effect}" for command, effect in commands.items())


def _recognize(directory: Directory, folder: Path) -> tuple[Tool, str]:
    """The tool and why. Raises ConfigurationError if there is none, or more than one."""
    found = recognize(directory, folder.resolve().as_posix())
    if not found.reasons:
        problem = f"contains no migration in SQL that pgfleet recognizes ({found.hint}); name another directory"
        if found.foreign:
            problem = found.foreign
        elif len(found.subfolders) == 1:
            problem = f"no migrations found; did you mean {folder / found.subfolders[0]}?"
        elif found.subfolders:
            problem = (
                f"contains migrations only in folders: {listed(found.subfolders, MAX_NAMES)}; name one of them, "
                "or list the files of several in a manifest, as [[migrations]]"
            )
        raise ConfigurationError("manifest init", str(folder), problem)
    if len(found.reasons) > 1:
        fits = "; ".join(f"{tool}, because {reason}" for tool, reason in found.reasons.items())
        choices = " or ".join(f"--tool {tool}" for tool in found.reasons)
        raise ConfigurationError("manifest init", str(folder), f"fits several tools: {fits}; pass {choices}")
    [(tool, reason)] = found.reasons.items()
    return tool, f"{reason}; {found.hint}" if found.hint else reason


def _wrong_guess(folder: Path, guess: str, ignored: Sequence[str], number: int) -> ConfigurationError:
    problem = (
        f"looks like {guess}, but the tool would ignore {len(ignored)} of {number} SQL files: "
        f"{listed(ignored, MAX_NAMES)}; pass --tool with the tool that runs them"
    )
    return ConfigurationError("manifest init", str(folder), problem)
