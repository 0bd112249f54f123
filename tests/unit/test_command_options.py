"""The commands' options and their help."""

from typing import Any

import pytest
import typer

from pgfleet.cli.app import app, with_globals_first
from pgfleet.cli.help_text import help_of

ROOT: Any = typer.main.get_command(app)
CONTEXT = ROOT.make_context("pgfleet", ["--help"], resilient_parsing=True)
MANIFEST: Any = ROOT.get_command(CONTEXT, "manifest")
COMMANDS: dict[str, Any] = {
    **{name: ROOT.get_command(CONTEXT, name) for name in ROOT.list_commands(CONTEXT)},
    **{f"manifest {name}": MANIFEST.get_command(CONTEXT, name) for name in MANIFEST.list_commands(CONTEXT)},
}
SELECTS = {"audit", "counts", "rollout", "repair", "seed", "adopt", "revert", "tenants"}
CHANGES = {"rollout", "repair", "seed", "adopt", "revert"}
NO_RESULT = {"demo", "up", "automations"}
EXPECTED: dict[str, set[str]] = {
    "--tenant": SELECTS,
    "--ring": SELECTS,
    "--label": SELECTS,
    "--dry-run": CHANGES,
    "--yes": CHANGES,
    "--output": {*COMMANDS} - NO_RESULT,
    "--format": {*COMMANDS} - NO_RESULT - {"init", "manifest init", "schema"},
    "--granularity": {"audit", *CHANGES} - {"repair"},
    "--local": {"audit", "counts"},
    "--dsn": {"audit", "init"},
    "--ledger-owner": {"audit", "init"},
}
"""The commands that have each of the shared options."""


@pytest.mark.parametrize("option", EXPECTED)
def test_every_command_that_could_have_an_option_has_it(option: str) -> None:
    assert {name for name, each in COMMANDS.items() if any(option in param.opts for param in each.params)} == EXPECTED[
        option
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_has_a_description_and_each_command_an_example_of_itself(name: str) -> None:
    command = COMMANDS[name]
    assert [each.name for each in command.params if not getattr(each, "help", None)] == []
    assert f"pgfleet {name}" in command.epilog
    assert command.epilog.startswith("Example: ")


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_each_sentence_of_the_help_is_on_one_line_of_at_most_80_columns(name: str) -> None:
    command = COMMANDS.get(name, ROOT)
    context = typer.Context(command, info_name=name, parent=CONTEXT if name else None)
    lines = help_of(command, context).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    description = "\n".join(lines[2:]).partition("\n\nExit status")[0].partition("\n\nOptions")[0]
    assert [line for line in description.splitlines() if line and not line.endswith((".", ":"))] == []


@pytest.mark.parametrize("name", ["rollout", "seed", "repair"])
def test_rehearse_is_another_name_of_dry_run(name: str) -> None:
    options = {each.name: each.opts for each in COMMANDS[name].params}
    assert options["dry_run"] == ["--dry-run", "--rehearse"]
    assert options["yes"] == ["--yes"]


@pytest.mark.parametrize(
    ("arguments", "ordered"),
    [
        (["audit", "prod", "--manifest", "m.toml"], ["--manifest", "m.toml", "audit", "prod"]),
        (["--config", "f.toml", "audit", "prod"], ["--config", "f.toml", "audit", "prod"]),
        (["manifest", "--manifest=m.toml", "--format", "json"], ["--manifest=m.toml", "manifest", "--format", "json"]),
        (["manifest", "--manifest"], ["manifest", "--manifest"]),
        (["audit", "prod", "--version"], ["--version", "audit", "prod"]),
        (["tenants", "--", "--config"], ["tenants", "--", "--config"]),
    ],
)
def test_global_options_may_be_after_the_command(arguments: list[str], ordered: list[str]) -> None:
    assert with_globals_first(arguments) == ordered
