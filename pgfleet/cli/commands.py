"""The commands, each imported when it is needed: the imports of all of them take longer than most commands."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info
from typer.models import CommandInfo

from pgfleet.cli.help_text import help_of

Table = Mapping[str, tuple[str, str]]
COMMANDS: Table = MappingProxyType(
    {
        "init": ("init", "pgfleet init"),
        "manifest": ("manifest", "pgfleet manifest --format json"),
        "doctor": ("doctor", "pgfleet doctor prod"),
        "tenants": ("tenants", "pgfleet tenants prod --label region=eu"),
        "audit": ("audit", "pgfleet audit prod --ring canary --format html --output audit.html"),
        "diff": ("single_tenant", "pgfleet diff prod acme"),
        "history": ("single_tenant", "pgfleet history prod acme"),
        "counts": ("counts", "pgfleet counts prod --format json"),
        "rollout": ("rollout", "pgfleet rollout prod --ring canary --dry-run"),
        "repair": ("repair", "pgfleet repair prod --tenant acme"),
        "seed": ("rollout", "pgfleet seed prod --tenant acme"),
        "adopt": ("rollout", "pgfleet adopt prod --through 20250401 --tenant acme"),
        "revert": ("rollout", "pgfleet revert prod --to 20250328 --tenant acme --dry-run"),
        "schema": ("schema", "pgfleet schema audit"),
        "demo": ("up", "pgfleet demo --keep"),
        "up": ("up", "pgfleet up --demo"),
        "automations": ("up", "PREFECT_API_URL=http://prefect.internal:4200/api pgfleet automations"),
    }
)
"""By the command's name, which is also that of its function: its module, and an example."""
MANIFEST_COMMANDS: Table = MappingProxyType(
    {
        "check": ("manifest", "pgfleet manifest check --on staging"),
        "init": ("manifest_init", "pgfleet manifest init db/migrations --output manifest.toml"),
    }
)


class Command(TyperCommand):
    """A command with our help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help."""
        formatter.write(help_of(self, ctx))


class _Imported(Mapping[str, Any]):
    """The commands of a table; each is imported when it is looked up."""

    def __init__(self, table: Table) -> None:
        self.table, self.made = table, dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self.made:
            module, example = self.table[name]
            self.made[name] = _made(name, module, example)
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)


class Group(TyperGroup):
    """Commands that are imported when they are looked up."""

    table: Table = COMMANDS

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _Imported(self.table)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the help."""
        del ctx
        return list(self.table)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The names that begin so, without the help, for which each command would have to be imported."""
        from typer._click.shell_completion import CompletionItem

        own = [CompletionItem(name) for name in self.table if name.startswith(incomplete)]
        return own or TyperCommand.shell_complete(self, ctx, incomplete)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help."""
        formatter.write(help_of(self, ctx))

    def get_params(self, ctx: Any) -> Any:
        """The options; the help of one of Typer's own is too long for a line."""
        found: Any = super().get_params(ctx)
        for each in found:
            if each.name == "show_completion":
                each.help = "Show completion for the current shell, to copy it."
        return found


class ManifestGroup(Group):
    """The commands below `manifest`."""

    table = MANIFEST_COMMANDS


def _made(name: str, module: str, example: str) -> Any:
    """The command, or the group, whose function is in this module."""
    function: Callable[..., Any] = getattr(import_module(f"pgfleet.cli.{module}"), name)
    epilog = f"Example: {example}"
    if name == "manifest":
        app = typer.Typer(cls=ManifestGroup, invoke_without_command=True, add_completion=False)
        app.callback(epilog=epilog)(function)
        group = typer.main.get_group(app)
        group.name = name
        return group
    info = CommandInfo(name=name, cls=Command, callback=function, epilog=epilog)
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
