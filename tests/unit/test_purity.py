"""The pure core sees no connection, no Prefect, no file and no environment."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path

import pytest

import pgfleet

ROOT = Path(pgfleet.__file__).parent
PACKAGES = ("manifest", "fleet", "catalog", "documents", "repair", "judge", "check", "rollout", "reports")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
OUTSIDE = {
    *("psycopg", "prefect", "os", "pathlib", "subprocess"),
    *("pgfleet.postgres", "pgfleet.run.files", "pgfleet.run.settings", "pgfleet.run.shipped"),
}
ACTING = {"open", "input", "print", "__import__", "exec", "eval"}


def imported(source: str) -> Iterator[str]:
    """Every module that the source imports, wherever in it, with all the packages that it lies in."""
    for node in ast.walk(ast.parse(source)):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def called(source: str) -> set[str]:
    """The names that the source calls as functions."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return {call.id for call in calls if isinstance(call, ast.Name)}


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("import os.path", "os"),
        ("import sys, prefect as p", "prefect"),
        ("from psycopg.rows import dict_row", "psycopg"),
        ("def f():\n    from pathlib import Path", "pathlib"),
        ("if TYPE_CHECKING:\n    import subprocess", "subprocess"),
        ("from pgfleet import postgres", "pgfleet.postgres"),
    ],
)
def test_the_walk_finds_an_import_wherever_it_stands(source: str, module: str) -> None:
    assert module in set(imported(source))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_pure_package_is_walked(package: str) -> None:
    assert [path for path in SOURCES if path.parent.name == package and path.stem != "__init__"]


def test_pure_modules_import_nothing_that_reaches_outside() -> None:
    assert {path: found for path, source in texts().items() if (found := OUTSIDE.intersection(imported(source)))} == {}


def test_pure_modules_open_ask_and_print_nothing() -> None:
    assert {path: found for path, source in texts().items() if (found := called(source) & ACTING)} == {}


def texts() -> dict[str, str]:
    """The source of each pure module, by its path."""
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in SOURCES}


def modules() -> list[str]:
    return [".".join(path.relative_to(ROOT.parent).with_suffix("").parts) for path in SOURCES]


def test_values_of_the_pure_core_do_not_change() -> None:
    values = {
        value
        for name in modules()
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and is_dataclass(value)
        if not issubclass(value, Exception)  # Python itself sets their traceback
    }
    assert len(values) > 15
    assert [value.__name__ for value in values if not value.__dataclass_params__.frozen] == []


def test_the_pure_core_loads_neither_psycopg_nor_prefect_by_any_detour() -> None:
    script = (
        f"import importlib, sys\nfor name in {modules()!r}: importlib.import_module(name)\n"
        "print(*sorted({'psycopg', 'prefect', 'pgfleet.postgres', 'pgfleet.run.settings'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert done.stdout.split() == []


def test_settings_is_the_only_reader_of_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert readers == {"run/settings.py"}
