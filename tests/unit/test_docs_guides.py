"""What the documentation shows can be done: commands are parsed, files are loaded, and messages are the real ones."""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from typer import TyperException
from unit.test_docs import COMMENT, FENCED, PAGES, ROOT

from pgfleet.cli.app import app, with_globals_first
from pgfleet.errors import ConfigurationError
from pgfleet.fleet.parse import build_environment, parse_fleet
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.parse import build_manifest, parse_document
from pgfleet.reports.openmetrics import METRICS

COMMANDS: Any = typer.main.get_command(app)
VARIABLE = re.compile(r"[A-Z_]+=.*")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
FILES: Mapping[str, str | None] = {
    "migrations/00001_users.sql": "-- +goose Up\nCREATE TABLE users (id bigint);",
    "migrations/1_users.sql": "CREATE TABLE users (id bigint);",
    "migrations/004_drop_fax.sql": "ALTER TABLE customers DROP COLUMN fax;",
    "migrations/5_drop_email.sql": "ALTER TABLE users DROP COLUMN email;",
}
"""What the manifests on the pages name."""


class Secrets(dict[str, str]):
    """Every variable of a fleet file has a value."""

    def __missing__(self, reference: str) -> str:
        return "secret"


def blocks(language: str) -> list[Any]:
    """The blocks of code in a language, with their page and their number on it."""
    return [
        pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
        for page in PAGES
        if "tests" not in page.relative_to(ROOT).parts
        for number, (_, name, text) in enumerate(FENCED.findall(page.read_text(encoding="utf-8")))
        if name == language
    ]


def shell_commands(text: str) -> Iterator[list[str]]:
    """The words of each simple command of a shell script, without the variables before it."""
    lexer = shlex.shlex(COMMENT.sub("", text.replace("\\\n", " ")), posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.whitespace_split = " \t", True
    words: list[str] = []
    for word in (*lexer, "\n"):
        if word[0] not in "();<>|&\n":
            words += [] if not words and VARIABLE.fullmatch(word) else [word]
        elif words:
            yield words
            words = []


def parse(arguments: list[str]) -> None:
    """Parses a pgfleet command line. Raises TyperException as the command itself would."""
    command, context, name, rest = COMMANDS, None, "pgfleet", with_globals_first(arguments)
    while True:
        context = command.make_context(name, rest, parent=context)
        if not hasattr(command, "resolve_command") or not (rest := [*context._protected_args, *context.args]):
            return
        name, command, rest = command.resolve_command(context, rest)


def pages_of(section: str) -> list[Path]:
    """The pages below a heading of the site's navigation."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    found = re.search(rf"^  - {section}:\n((?:      .*\n)+)", text, re.MULTILINE)
    assert found
    return [ROOT / "docs" / name for name in re.findall(r": (\S+\.md)$", found[1], re.MULTILINE)]


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    docs = ROOT / "docs"
    pages = {each.relative_to(docs).as_posix() for each in (*docs.glob("*.md"), *docs.glob("reference/*.md"))}
    assert pages - listed == set()


@pytest.mark.parametrize("page", pages_of("How-to guides"), ids=lambda page: page.stem)
def test_a_guide_says_what_it_is_for_and_starts_with_the_command(page: Path) -> None:
    title, purpose, first, *_ = page.read_text(encoding="utf-8").split("\n\n")
    assert title.startswith("# ")
    assert re.match(r"(How|What) .+\.$", " ".join(purpose.split()))
    assert first.startswith(("```sh\n", "```bash\n"))


@pytest.mark.parametrize("text", [*blocks("sh"), *blocks("bash")])
def test_the_commands_of_a_page_are_valid(text: str) -> None:
    for program, *arguments in shell_commands(text):
        if program == "pgfleet":
            parse(arguments)
        if program == "make":
            assert {each for each in arguments if "=" not in each} <= TARGETS


@pytest.mark.parametrize("text", blocks("toml"))
def test_the_files_of_a_page_load(text: str) -> None:
    if "environments" in tomllib.loads(text):
        fleet = parse_fleet(text, file="fleet.toml")
        for name in fleet.environments:
            assert build_environment(fleet, name, Secrets(), file="fleet.toml").name == name
    else:
        assert isinstance(loaded_manifest(text), Manifest)


def loaded_manifest(text: str) -> Manifest:
    """The manifest of a block, which may be a fragment without `format`."""
    document = parse_document(text if "format" in tomllib.loads(text) else f"format = 2\n{text}", file="manifest.toml")
    is_named = {each.file for each in document.migrations}.__contains__
    files = {name: sql for name, sql in FILES.items() if is_named(name) or (document.source and "0000" in name)}
    return build_manifest(document, files, file="manifest.toml")


def test_the_alerting_rules_use_only_metrics_that_exist() -> None:
    names = re.findall(r"\bpgfleet_\w+", (ROOT / "deployments" / "alerts.yaml").read_text(encoding="utf-8"))
    assert names
    assert set(names) <= METRICS.keys()


def test_the_checks_find_what_is_wrong() -> None:
    assert [*shell_commands("A=1 pgfleet audit \\\n  prod  # all\ncat x | pgfleet up && make\n")] == [
        ["pgfleet", "audit", "prod"],
        ["cat", "x"],
        ["pgfleet", "up"],
        ["make"],
    ]
    for wrong in ("audit prod --fast", "rollout", "fix prod", "audit prod --format xml", "audit a b"):
        with pytest.raises(TyperException):
            parse(wrong.split())
    with pytest.raises(ConfigurationError):
        loaded_manifest('[[migrations]]\nfile = "gone.sql"')


def faults_of(fleet: str) -> Iterator[str]:
    """The lines that pgfleet writes about a fleet file."""
    with pytest.raises(ConfigurationError) as caught:
        document = parse_fleet(fleet, file="fleet.toml")
        build_environment(document, "prod", {}, file="fleet.toml")
    yield from str(caught.value).splitlines()


def test_the_messages_on_the_page_about_errors_are_the_real_ones() -> None:
    tenant = '[[environments.prod.tenants]]\nname = "a"\ndsn = '
    with pytest.raises(ConfigurationError) as requires:
        loaded_manifest('[[migrations]]\nfile = "migrations/1_users.sql"\nrequires = ["99"]')
    real = {
        *faults_of(f'[environments.prod]\ncolour = 1\n{tenant}"host=db1"'),
        *faults_of(f'{tenant}"host=db1 password=${{NOPE}}"'),
        *str(requires.value).splitlines(),
    }
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    [shown] = [text for _, language, text in FENCED.findall(page) if not language]
    assert set(shown.splitlines()) <= real
