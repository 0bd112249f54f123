"""The documentation names only files, links, commands, and options that exist."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from pgfleet.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")])
FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1``` *$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FOLDERS = "benchmarks", "deployments", "docs", "flows", "pgfleet", "sql", "tasks", "tests"
PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
PACKAGES = [folder.name for folder in (ROOT / "pgfleet").iterdir() if folder.is_dir()]
PACKAGE_PATH = re.compile(rf"(?:{'|'.join(PACKAGES)})/[a-z_/]+\.py")
"""A module within the package, such as `postgres/session.py`."""
TEST_FILE = re.compile(r"test_\w+\.py")
COMMENT = re.compile(r"(^|[ \t])#.*", re.MULTILINE)
COMMAND = re.compile(r"(?<!--pool )(?<![\w./=-])pgfleet((?: +[^\s`#;|>&)]+)+)")


def prose_of(page: Path) -> str:
    """The page without its blocks of code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def commands_of(page: Path) -> Iterator[list[str]]:
    """The arguments of every command line that the page shows, in blocks of shell code or by itself."""
    found = FENCED.findall(page.read_text(encoding="utf-8"))
    blocks = (COMMENT.sub("", text) for _, language, text in found if language == "sh")
    alone = (code for code in CODE.findall(prose_of(page)) if code.startswith("pgfleet "))
    for code in (*blocks, *alone):
        yield from (arguments.split() for arguments in COMMAND.findall(code))


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub generates from headings."""
    titles = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(prose_of(page)))
    return {title.strip().replace(" ", "-") for title in titles}


def missing_paths(page: Path) -> Iterator[str]:
    for code in CODE.findall(prose_of(page)):
        if PATH.fullmatch(code):
            places = [ROOT / code]
        elif PACKAGE_PATH.fullmatch(code):
            places = [ROOT / code, ROOT / "pgfleet" / code]
        elif TEST_FILE.fullmatch(code):
            places = [*(ROOT / "tests").glob(f"*/{code}")]
        else:
            continue
        if not any(place.exists() for place in places):
            yield code


def broken_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(prose_of(page)):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            yield link


def unknown_words(page: Path) -> Iterator[str]:
    """Commands and options that `pgfleet` does not have."""
    pgfleet = typer.main.get_command(app)
    for words in commands_of(page):
        command, known = pgfleet, {"--help"}
        for word in words:
            known |= {each for parameter in command.params for each in (*parameter.opts, *parameter.secondary_opts)}
            commands = getattr(command, "commands", {})
            if word in commands:
                command = commands[word]
                continue
            is_option = word.startswith("-") and word.partition("=")[0] not in known
            if is_option or (commands and re.fullmatch(r"[a-z]+", word)):
                yield word


def found_on_pages(find: Callable[[Path], Iterator[str]]) -> dict[str, list[str]]:
    """What is wrong on each page that has something wrong."""
    return {str(page.relative_to(ROOT)): wrong for page in PAGES if (wrong := list(find(page)))}


def test_pages_name_only_files_that_exist() -> None:
    assert found_on_pages(missing_paths) == {}


def test_the_links_of_pages_lead_somewhere() -> None:
    assert found_on_pages(broken_links) == {}


def test_pages_show_only_commands_and_options_that_exist() -> None:
    assert found_on_pages(unknown_words) == {}


def test_the_checks_find_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Two words\n"
        "`flows/gone.py` `judge/gone.py` `flows/audit.py` `test_gone.py` [a](#two-words) [b](#three) [c](d.md)\n"
        "`pgfleet rollout prod --dry-run` `pgfleet fix prod`\n\n"
        "```sh\npgfleet --manifest FILE audit prod --fast  # --slow\n```\n"
    )
    assert list(missing_paths(page)) == ["flows/gone.py", "judge/gone.py", "test_gone.py"]
    assert list(broken_links(page)) == ["#three", "d.md"]
    assert list(unknown_words(page)) == ["--fast", "fix", "prod"]
