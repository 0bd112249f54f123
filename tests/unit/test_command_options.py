"""The commands' options and their help."""

from typing import Any

import pytest
import typer

from pgfleet.cli.app import app, with_files_first
from pgfleet.cli.manifest import manifest_app

COMMANDS: dict[str, Any] = {
    **vars(typer.main.get_command(app))["commands"],
    **{f"manifest {name}": each for name, each in vars(typer.main.get_command(manifest_app))["commands"].items()},
}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_has_a_description_and_each_command_an_example_of_itself(name: str) -> None:
    command = COMMANDS[name]
    assert [each.name for each in command.params if not getattr(each, "help", None)] == []
    assert f"pgfleet {name}" in command.epilog
    assert command.epilog.startswith("Example: ")


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
    ],
)
def test_files_may_be_named_after_the_command(arguments: list[str], ordered: list[str]) -> None:
    assert with_files_first(arguments) == ordered
