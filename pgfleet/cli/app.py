"""The command line's entry point. Standard output contains the result only; progress and errors go to standard error.

Importing Prefect takes seconds, so each command imports what it needs when it runs.
"""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

import pgfleet.flows  # noqa: F401 (sets the function that reads ${secret:NAME})
from pgfleet.cli.commands import Group
from pgfleet.errors import ConfigurationError, PgfleetError
from pgfleet.hidden_characters import KEPT_IN_BLOCKS, is_shown, show_hidden
from pgfleet.run import interruption, settings
from pgfleet.wording import shortened

MISUSE, INCOMPLETE = 2, 3
MOST_CHARACTERS, MOST_SHOWN = 4096, 60
"""Of an argument. Linux allows paths of 4096 bytes."""
MOST_OF_PROBLEM = 500
"""Characters of what is wrong with a command line."""

app = typer.Typer(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, which contain connection strings
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from pgfleet.version import versions

        for line in versions():
            typer.echo(line)
        raise typer.Exit


@app.callback(epilog="Example: pgfleet audit prod. To see a command's options: pgfleet audit --help")
def choose_files(
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Fleet file.", show_default="fleet.toml, else deployments/fleet.toml"),
    ] = None,
    manifest: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Manifest, or example: the one in the package.",
            show_default="manifest.toml",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 (its callback uses it)
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the versions and exit.")
    ] = False,
) -> None:
    """Audit, roll out, and verify PostgreSQL migrations across a fleet."""
    settings.use(config=config, manifest=manifest)


GLOBAL = ("--config", "--manifest")


def with_globals_first(arguments: list[str]) -> list[str]:
    """The arguments with the global options before the command, after which users may write them too."""
    own: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for each in remaining:
        if each == "--":
            rest += [each, *remaining]
        elif each == "--version" or each.startswith(tuple(f"{name}=" for name in GLOBAL)):
            own.append(each)
        elif each in GLOBAL and (value := next(remaining, None)) is not None:
            own += [each, value]
        else:
            rest.append(each)
    return [*own, *rest]


def _check_arguments(arguments: Iterable[str]) -> None:
    """Raises ConfigurationError for an argument that no file, server, or terminal could take."""
    for each in arguments:
        if not is_shown(each):
            raise ConfigurationError("argument", each[:MOST_SHOWN], "contains control or other invisible characters")
        if len(each) > MOST_CHARACTERS:
            raise ConfigurationError("argument", each[:MOST_SHOWN], f"has more than {MOST_CHARACTERS} characters")


def _check_folder() -> None:
    """Raises ConfigurationError if the working folder, to which files are relative, was deleted."""
    try:
        Path.cwd()
    except OSError as error:
        raise ConfigurationError("working folder", "", f"{error.strerror}; change to another") from None


def _show_traceback() -> None:
    """Shows an unexpected exception, whose message may be a server's. After a signal it is the signal's, wrapped."""
    if not interruption.received():
        print(show_hidden(traceback.format_exc(), keep=KEPT_IN_BLOCKS), end="", file=sys.stderr)


def main() -> None:
    """Runs the command line in a process of its own, which SIGINT and SIGTERM end within seconds.

    After a signal, any exit status but 0 becomes the signal's.
    """
    os.umask(0o077)  # what pgfleet and Prefect write is for this user only
    try:
        interruption.install()
        run_command()
    except SystemExit as end:
        if end.code and (number := interruption.received()):
            sys.exit(128 + number)
        raise
    except KeyboardInterrupt:  # while another was handled
        sys.exit(128 + (interruption.received() or signal.SIGINT))
    finally:
        interruption.stop_raising()


def run_command() -> None:
    """Runs the command line; a wrong file or option is one line on standard error and exit status 2.

    An unexpected exception exits with 3, because 1 would mean findings.
    """
    try:
        _check_arguments(arguments := sys.argv[1:] or ["--help"])
        _check_folder()
        sys.exit(app(with_globals_first(arguments), prog_name="pgfleet", standalone_mode=False))
    except KeyboardInterrupt:
        sys.exit(128 + (interruption.received() or signal.SIGINT))
    except typer.TyperException as error:
        if error.format_message():  # otherwise Typer has shown the help
            print(_usage_problem(error), file=sys.stderr)
        sys.exit(MISUSE)
    except PgfleetError as error:
        print(*(f"pgfleet: {line}" for line in str(error).split("\n")), sep="\n", file=sys.stderr)
        sys.exit(MISUSE if isinstance(error, ConfigurationError) else INCOMPLETE)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:  # which several functions of pathlib raise
            _show_traceback()
            sys.exit(INCOMPLETE)
        print(f"pgfleet: {show_hidden(str(error.filename)[:MOST_SHOWN])}…: the file name is too long", file=sys.stderr)
        sys.exit(MISUSE)
    except Exception:  # noqa: BLE001 (the interpreter's own exit status is 1)
        _show_traceback()
        sys.exit(INCOMPLETE)


def _usage_problem(error: typer.TyperException) -> str:
    """The command, its problem, and how to see its help, from an error of Typer, which has the context as `ctx`."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "pgfleet"
    problem = shortened(show_hidden(_problem(error)), MOST_OF_PROBLEM)
    separator = " " if problem.endswith("?") else ". "
    return f"{command}: {problem}{separator}See {command} --help"


def _problem(error: typer.TyperException) -> str:
    if name := getattr(error, "option_name", None):
        possible = getattr(error, "possibilities", None)
        if possible is not None:
            closest = next(iter(possible), None)  # Typer lists the most similar one first
            return f"no such option {name}" + (f"; did you mean {closest}?" if closest else "")
    text = error.format_message().replace("Value error, ", "").replace("Input should", "must")  # pydantic's words
    text = text.partition(", unable to parse")[0].replace(". Did you mean", "; did you mean")
    return text[:1].lower() + text[1:].removesuffix(".")
