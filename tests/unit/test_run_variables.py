"""The values of `${VAR}`, `${file:PATH}`, and `${secret:NAME}`, and unresolved references."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pgfleet.errors import FleetError, PgfleetError
from pgfleet.fleet.model import Environment
from pgfleet.fleet.parse import build_environment
from pgfleet.fleet.secret import Dsn
from pgfleet.fleet.templates import Unresolved, substitute
from pgfleet.run import variables
from pgfleet.run.files import load_fleet
from pgfleet.run.variables import References, read_secrets_with

PASSWORD = "p@ss w/rd:100%"


@pytest.fixture(autouse=True)
def readers() -> Iterator[None]:
    """The reader of secrets that the other tests have is put back."""
    before = list(variables._readers)
    variables._readers.clear()
    yield
    variables._readers[:] = before


def fleet(tmp_path: Path, dsn: str) -> Path:
    file = tmp_path / "fleet.toml"
    file.write_text(f"[[environments.prod.tenants]]\nname = 'acme'\ndsn = '{dsn}'\n", encoding="utf-8")
    return file


def read(file: Path) -> Environment:
    return build_environment(load_fleet(file), "prod", References({}), file=str(file))


def refusal(tmp_path: Path, dsn: str) -> str:
    with pytest.raises(FleetError) as caught:
        read(fleet(tmp_path, dsn))
    return str(caught.value).removeprefix(f"{tmp_path / 'fleet.toml'}: environments.prod.tenants[0].dsn: ")


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (PASSWORD, PASSWORD),
        (f"{PASSWORD}\n", PASSWORD),
        (f"{PASSWORD}\r\n", PASSWORD),
        (f"{PASSWORD}\n\n", f"{PASSWORD}\n"),
        (f"{PASSWORD}\r", f"{PASSWORD}\r"),
        (" \u00fc ", " \u00fc "),
        ("", ""),
    ],
    ids=["no newline", "newline", "CRLF", "two newlines", "CR alone", "spaces", "empty"],
)
def test_a_file_stands_for_its_text_less_one_newline(tmp_path: Path, content: str, value: str) -> None:
    (tmp_path / "password").write_bytes(content.encode())
    assert References({})[f"file:{tmp_path / 'password'}"] == value


def test_what_a_file_holds_is_escaped_and_is_a_secret(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    dsn = substitute(f"postgresql://u:${{file:{tmp_path / 'password'}}}@h/d", References({}))
    assert dsn == Dsn(
        "postgresql://u:p%40ss%20w%2Frd%3A100%25@h/d", tuple(sorted({PASSWORD, "p%40ss%20w%2Frd%3A100%25"}))
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere", "cannot be read: No such file or directory"),
        (".", "is a directory"),
        ("binary", "is not UTF-8, at byte 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "binary").write_bytes(b"a\xff")
    file = tmp_path / name
    assert refusal(tmp_path, f"password=${{file:{file}}}") == f"the file {file} {problem}"


def test_a_secret_is_read_once_from_the_reader() -> None:
    asked: list[str] = []
    read_secrets_with(lambda name: asked.append(name) or f"value of {name}")  # type: ignore[func-returns-value]
    values = References({})
    assert [values["secret:prod"], values["secret:prod"]] == ["value of prod"] * 2
    assert asked == ["prod"]


def test_a_missing_secret_is_one_line(tmp_path: Path) -> None:
    read_secrets_with(lambda _: None)
    problem = "Prefect has no Secret block named prod with a text value"
    assert refusal(tmp_path, "password=${secret:prod}") == problem


def test_without_a_reader_a_secret_is_refused(tmp_path: Path) -> None:
    problem = "only pgfleet's commands and flows can read the Secret block prod"
    assert refusal(tmp_path, "password=${secret:prod}") == problem


def test_a_reader_that_gets_no_answer_is_not_taken_for_a_wrong_file(tmp_path: Path) -> None:
    def silent(_name: str) -> str:
        raise PgfleetError("no answer")

    read_secrets_with(silent)
    with pytest.raises(PgfleetError, match="no answer") as caught:
        read(fleet(tmp_path, "${secret:prod}"))
    assert not isinstance(caught.value, FleetError)


@pytest.mark.parametrize("reference", ["vault:x", "VAR:-default", "FILE:/x", ":x"])
def test_an_unknown_kind_of_reference_is_rejected_with_the_known_ones(reference: str) -> None:
    with pytest.raises(Unresolved, match="is unknown; use") as caught:
        References({"VAR": "x"})[reference]
    assert caught.value.problem.endswith("use ${VAR}, ${file:PATH}, or ${secret:NAME}")


def test_a_variable_is_the_environments(tmp_path: Path) -> None:
    assert References({"VAR": "x"})["VAR"] == "x"
    assert refusal(tmp_path, "password=${NOPE}") == "the environment variable NOPE is not set"
