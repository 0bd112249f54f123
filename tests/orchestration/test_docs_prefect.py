"""The Prefect commands of the guides are valid, as Prefect's own command line reads them."""

import pytest
from cyclopts.exceptions import CycloptsError
from prefect.cli._app import _app as prefect
from unit.test_docs_guides import blocks, shell_commands

GLOBAL = "--no-prompt"


def parse(arguments: list[str]) -> None:
    """Parses the arguments. Raises CycloptsError."""
    prefect.parse_args([each for each in arguments if each != GLOBAL], exit_on_error=False, print_error=False)


def test_the_prefect_commands_of_the_guides_are_valid() -> None:
    scripts = [*blocks("sh"), *blocks("bash")]
    commands = [words for each in scripts for words in shell_commands(each.values[0]) if words[0] == "prefect"]
    assert commands
    for _, *arguments in commands:
        parse(arguments)


def test_the_check_finds_an_unknown_option() -> None:
    with pytest.raises(CycloptsError, match="--pol"):
        parse(["worker", "start", "--pol", "pgfleet"])
