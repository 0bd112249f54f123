"""Wrong files and commands: one clear line in pgfleet's words and exit status 2, never a traceback or a secret."""

import os
import random
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgfleet.cli.app import app, run_command
from pgfleet.run.variables import MOST_BYTES

SECRET = "hunter2-s3cret"
FLEET = """\
manifest = "manifest.toml"
[environments.prod]
timezone = "Europe/Berlin"
rings = ["canary", "main"]
failure_budget = {canary = 0, main = "5%"}
max_connections_per_server = 8
lock_timeout = "2s"
approval = true
[[environments.prod.tenants]]
name = "acme"
dsn = "postgresql://app:${PASSWORD}@db1:5432/acme"
ring = "canary"
labels = {region = "eu"}
[[environments.prod.tenants]]
name = "borealis"
dsn = "host=db1,db2 port=5432,5433 dbname=borealis user=app password=literal-pa55word"
[[environments.prod.restarts]]
service = "worker"
url = "https://ops/${PASSWORD}"
[[environments.prod.accept]]
tenant = "acme"
identity = "public.a"
owner = "me"
reason = "why"
until = 2030-01-01
"""
MANIFEST = """\
format = 1
product = "shop"
[[migrations]]
file = "1_one.sql"
provides = "one"
[[migrations.checks]]
name = "tables"
query = "SELECT 1"
returns = [[1]]
[[migrations]]
file = "2_two.sql"
requires = ["1"]
priority = "P1"
[[counts]]
table = "one"
[[contracts]]
consumer = "worker"
file = "contract.sql"
priority = "P0"
"""
FILES = {
    "fleet.toml": FLEET,
    "manifest.toml": MANIFEST,
    "1_one.sql": "CREATE TABLE one (id int);\n",
    "2_two.sql": "CREATE TABLE two (id int);\n",
    "contract.sql": "-- name: fetch\nSELECT id FROM one;\n",
}
TENANTS, SHOW = ("tenants", "prod"), ("manifest",)
COMMANDS = typer.main.get_command(app)
"""Built once, as that takes longer than most of these commands."""
Run = tuple[int, str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wrong")


@pytest.fixture(autouse=True)
def _in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PASSWORD", SECRET)
    monkeypatch.setattr("pgfleet.cli.app.app", COMMANDS)
    for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST"):
        monkeypatch.delenv(name, raising=False)
    restore(folder)


def restore(folder: Path) -> None:
    for name, text in FILES.items():
        path = folder / name
        if not path.is_file() or path.is_symlink() or path.read_bytes() != text.encode():
            if path.is_dir():
                path.rmdir()
            path.unlink(missing_ok=True)
            path.write_text(text, encoding="utf-8")


def run(*arguments: str) -> Run:
    """Exit status, standard output, and standard error of the command, as UTF-8 as a terminal would take them."""
    out, err = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8", errors="backslashreplace")
    kept = {name: os.environ.get(name) for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST")}
    before, status = sys.argv, 0
    try:
        sys.argv = ["pgfleet", *arguments]
        with redirect_stdout(out), redirect_stderr(err):
            run_command()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    finally:
        sys.argv = before
        for name, value in kept.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return status, texts[0], texts[1]


def check(found: Run) -> None:
    """For any input: a documented exit status, no traceback, no secret, and a reason."""
    status, out, err = found
    assert status in {0, 1, 2, 3}, found
    assert "Traceback" not in err, err
    assert "pydantic" not in err
    assert "Input should" not in err
    assert SECRET not in out + err
    assert "\u2500" not in err  # no box of Typer's
    if status:
        assert err.strip(), found


def refused(*arguments: str) -> list[str]:
    """The lines on standard error of a command that exits with 2."""
    found = run(*arguments)
    check(found)
    assert found[0] == 2, found
    return found[2].splitlines()


def write(text: str | bytes, name: str = "fleet.toml") -> None:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_the_files_are_right_and_secrets_are_masked() -> None:
    for arguments in (TENANTS, (*TENANTS, "--format", "json"), SHOW, (*SHOW, "--format", "json")):
        found = run(*arguments)
        check(found)
        assert found[0] == 0


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_secret_is_masked_where_it_is_a_host_a_database_or_a_user(output: str) -> None:
    write(FLEET.replace("app:${PASSWORD}@db1:5432/acme", "u${PASSWORD}@${PASSWORD}.internal:1/${PASSWORD}"))
    status, out, err = run(*TENANTS, "--format", output)
    assert status == 0, err
    assert SECRET not in out
    assert "u***" in out
    assert "***.internal:1" in out


FLEETS = {
    "NUL": (FLEET.replace("acme", "ac\0me"), "is not valid TOML|contains a NUL byte"),
    "NUL as an escape": (FLEET.replace('"acme"', '"ac\\u0000me"'), "invisible"),
    "NUL in a DSN": (FLEET.replace("@db1", "@db\\u00001"), "NUL character"),
    "nested arrays": ("a = " + "[" * 5000, "nested too deeply"),
    "a key of many parts": ("a." * 40_000 + "b = 1", "nested too deeply"),
    "a huge number": (FLEET.replace("= 8", "= " + "9" * 5000), "too many digits"),
    "a large number": (FLEET.replace("= 8", "= " + "9" * 30), "must be"),
    "not a number": (FLEET.replace("= 8", "= nan"), "must be a whole number"),
    "infinite": (FLEET.replace("= 8", "= inf"), "must be a whole number"),
    "an endless timeout": (FLEET.replace('"2s"', '"99999999999999h"'), "exceeds"),
    "digits that are no ASCII": (FLEET.replace('"2s"', '"\u0662s"'), "must be a duration"),
    "a share": (FLEET.replace('"5%"', '"500%"'), "must be"),
    "a negative number": (FLEET.replace("= 8", "= -1"), "must be at least 1"),
    "a wrong type": (FLEET.replace('"canary", "main"', "1, 2"), "must be text"),
    "a duplicate key": (FLEET.replace('lock_timeout = "2s"', 'lock_timeout = "2s"\n' * 2), "is not valid TOML"),
    "a long tenant": (FLEET.replace('"acme"', f'"{"a" * 300}"'), "1 to 100 characters"),
    "a long environment": (FLEET.replace("prod", "p" * 300), "longer than 100"),
    "a long database": (FLEET.replace("/acme", "/" + "a" * 300), "more than 63 bytes"),
    "a direction in a name": (FLEET.replace('"acme"', '"ac\\u202Eme"'), "invisible"),
    "ESC in an environment": (FLEET.replace("environments.prod", 'environments."pr\\u001bod"'), "environments"),
    "port 0": (FLEET.replace("@db1:5432", "@db1:0"), "from 1 to 65535"),
    "port 70000": (FLEET.replace("port=5432", "port=70000"), "from 1 to 65535"),
    "three ports": (FLEET.replace("port=5432", "port=5431,5432"), "names 3 ports for 2 hosts"),
    "no closing brace": (FLEET.replace("${PASSWORD}@", "${PASSWORD@"), r"\$\{ without \}"),
    "no name in braces": (FLEET.replace("${PASSWORD}@", "${}@"), "without a name"),
    "a timeout of no number": (FLEET.replace("port=5432", "connect_timeout=soon port=5432"), "connect_timeout"),
    "not UTF-8": (b"\xff" + FLEET.encode(), "is not UTF-8"),
    "UTF-16": (FLEET.encode("utf-16"), "is UTF-16"),
    "empty": ("", "environments: missing"),
}


@pytest.mark.parametrize(("text", "problem"), FLEETS.values(), ids=FLEETS)
def test_a_wrong_fleet_file_is_refused_in_one_line(text: str | bytes, problem: str) -> None:
    write(text)
    lines = refused(*TENANTS)
    assert all(line.startswith("pgfleet: fleet.toml: ") for line in lines)
    assert re.search(problem, lines[0]), lines
    assert len(lines) <= text.count("acme" if isinstance(text, str) else b"acme") + 1  # one for each place


def test_a_byte_order_mark_is_no_fault() -> None:
    write(b"\xef\xbb\xbf" + FLEET.encode())
    assert run(*TENANTS)[0] == 0


def test_several_problems_are_listed_up_to_ten() -> None:
    write(FLEET.replace('ring = "canary"', 'ring = "x"').replace("${PASSWORD}", "${UNSET}"))
    assert [each.split(": ")[2] for each in refused(*TENANTS)] == [
        "environments.prod.tenants[0].dsn",
        "environments.prod.tenants[0].ring",
        "environments.prod.restarts[0].url",
    ]
    write(FLEET + "".join(f'[[environments.prod.tenants]]\nname = "t{n}"\ndsn = "${{UNSET}}"\n' for n in range(15)))
    lines = refused(*TENANTS)
    assert (len(lines), lines[-1]) == (11, "pgfleet: fleet.toml: and 5 more")


MANIFESTS = {
    "NUL": (MANIFEST.replace("shop", "sh\0op"), "NUL byte"),
    "NUL in a query": (MANIFEST.replace("SELECT 1", "SELECT\\u0000 1"), "NUL character"),
    "nested tables": ("a = " + "{a = " * 3000, "nested too deeply|is not valid TOML"),
    "another folder": (MANIFEST.replace('"1_one.sql"', '"../1_one.sql"'), r"must not contain \.\."),
    "another folder within": (MANIFEST.replace('"1_one.sql"', '"a/../../1_one.sql"'), r"must not contain \.\."),
    "an absolute path": (MANIFEST.replace('"1_one.sql"', '"/etc/1_one.sql"'), "must be a relative path"),
    "ESC in a path": (MANIFEST.replace('"1_one.sql"', '"1_\\u001bone.sql"'), "invisible"),
    "a long path": (MANIFEST.replace('"1_one.sql"', f'"1_{"a" * 300}.sql"'), "'1_a+.sql' "),
    "a wrong type": (MANIFEST.replace("[[1]]", "1"), "must be an array"),
    "no array": (MANIFEST.replace('requires = ["1"]', 'requires = "1"'), "must be an array"),
    "a wrong format": (MANIFEST.replace("format = 1", "format = true"), "must be 1 or 2"),
    "not UTF-8": (b"\xff" + MANIFEST.encode(), "is not UTF-8"),
    "empty": ("", "format: missing"),
}


@pytest.mark.parametrize(("text", "problem"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_wrong_manifest_is_refused_in_one_line(text: str | bytes, problem: str) -> None:
    write(text, "manifest.toml")
    lines = refused(*SHOW)
    assert lines[0].startswith("pgfleet: manifest.toml: ")
    assert re.search(problem, lines[0]), lines
    assert len(lines) == 1


@pytest.mark.parametrize("name", ["fleet.toml", "manifest.toml", "1_one.sql"])
@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("directory", "is a directory"),
        ("pipe", "is not a regular file"),
        ("device", "is not a regular file|is a symbolic link out of"),
        ("dangling link", "No such file|does not exist"),
        ("link out", "|is a symbolic link out of"),
    ],
)
def test_what_is_no_regular_file_is_refused_without_waiting(name: str, kind: str, problem: str, tmp_path: Path) -> None:
    path = Path(name)
    path.unlink()
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link out":
        (tmp_path / name).write_text(FILES[name], encoding="utf-8")
        path.symlink_to(tmp_path / name)
        if name != "1_one.sql":  # the folder of the file that somebody names is the folder of the link
            assert run(*TENANTS)[0] == 0
            return
        problem = "is a symbolic link out of"
    else:
        path.symlink_to("/dev/zero" if kind == "device" else tmp_path / "missing")
    lines = refused(*TENANTS)
    assert len(lines) == 1
    assert re.search(problem, lines[0]), lines


def secret_files(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    pipe, large, nul, latin, link = (tmp_path / each for each in ("pipe", "large", "nul", "latin", "link"))
    os.mkfifo(pipe)
    large.write_bytes(b"x" * (MOST_BYTES + 1))
    nul.write_bytes(b"a\0b")
    latin.write_bytes(b"\xff")
    link.symlink_to(tmp_path / "missing")
    yield from ((pipe, "is not a regular file"), (Path("/dev/zero"), "is not a regular file"))
    yield from ((tmp_path, "is a directory"), (large, "is larger than 64 KiB"), (link, "No such file"))
    yield from ((nul, "contains a NUL byte"), (latin, "is not UTF-8"))


def test_a_secret_is_read_only_from_a_small_regular_file(tmp_path: Path) -> None:
    for path, problem in secret_files(tmp_path):
        write(FLEET.replace("app:${PASSWORD}@", f"app:${{file:{path}}}@"))
        [line] = refused(*TENANTS)
        assert problem in line


def test_a_variable_that_is_not_utf_8_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", os.fsdecode(b"\xff\xfe"))
    assert all("is not UTF-8" in line for line in refused(*TENANTS))


@pytest.mark.parametrize(
    "arguments",
    [
        ("tenants", "prod\0"),
        ("tenants", "pr\x1bod"),
        ("tenants", os.fsdecode(b"\xff")),
        ("tenants", "p" * 5000),
        ("tenants", "nowhere"),
        ("tenants", "prod", "--label", "x"),
        ("tenants", "prod", "--format", "xml"),
        ("--config", "x" * 300, "tenants", "prod"),
        ("--manifest", "x" * 300, "manifest"),
        ("--config", ".", "tenants", "prod"),
        ("audit", "prod", "--since", "/dev/zero"),
        ("audit", "prod", "--output", "x" * 300),
        ("tenants",),
        ("unknown",),
        ("--unknown",),
    ],
    ids=repr,
)
def test_a_wrong_command_is_refused(arguments: tuple[str, ...]) -> None:
    assert refused(*arguments)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("unknown", ": no such command 'unknown'."),
        ("tenant prod", ": no such command 'tenant'; did you mean 'tenants'?"),
        ("manifest chek", " manifest: no such command 'chek'; did you mean 'check'?"),
        ("--unknown", ": no such option --unknown."),
        ("audit p --tennant x", " audit: no such option --tennant; did you mean --tenant?"),
        ("audit p --locla", " audit: no such option --locla; did you mean --local?"),
        ("counts", " counts: missing argument 'ENV'."),
        ("audit prod --tenant", ": option '--tenant' requires an argument."),
        ("audit p q", " audit: got unexpected extra argument(s) (q)."),
        (
            "audit p --granularity x",
            " audit: invalid value for '--granularity': 'x' is not one of 'auto', 'step', 'tenant'.",
        ),
        ("up --port x", " up: invalid value for '--port': must be a valid integer."),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_help(command: str, problem: str) -> None:
    name = problem.partition(":")[0]
    assert refused(*command.split()) == [f"pgfleet{problem} See pgfleet{name} --help"]


PIECES = [
    *(
        "\0",
        "\\u0000",
        "\\u001b",
        "\\u202e",
        "${",
        "}",
        "${}",
        "${file:/dev/zero}",
        "${X}",
        "%",
        "'",
        '"',
        "[",
        "]",
        "{",
    ),
    *(
        "[[",
        "]]",
        "=",
        "\n",
        "#",
        "-1",
        "1e400",
        "nan",
        "inf",
        "true",
        "9" * 40,
        "9" * 4400,
        "a" * 300,
        "../",
        "/",
        "\\",
    ),
    *("postgresql://", "host=", "port=0", "::", ",", "\u00e9", "\ufeff", "2030-13-01", "[[a]]", '"""', "x = {y = ["),
]


def mutated(text: str, seed: int) -> bytes:
    """A valid file after a few random changes: lines and pieces removed, doubled, exchanged, or put in."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        start, piece = chance.randrange(len(text) + 1), chance.choice(PIECES)
        end = min(len(text), start + chance.choice((0, 0, 1, 3, 20)))
        lines = text.split("\n")
        line = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                text = text[:start] + piece + text[end:]
            case 1:
                del lines[line]
                text = "\n".join(lines)
            case 2:
                text = "\n".join([*lines[: line + 1], *lines[line:]])
            case 3:
                key, equals, _value = lines[line].partition("=")
                lines[line] = f"{key}{equals} {piece}" if equals else piece
                text = "\n".join(lines)
            case 4:
                other = chance.randrange(len(lines))
                lines[line], lines[other] = lines[other], lines[line]
                text = "\n".join(lines)
    written = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        place = chance.randrange(len(written) + 1)
        written = written[:place] + chance.randbytes(chance.randint(1, 8)) + written[place:]
    return written


EXAMPLES = {"suite": 8, "campaign": 6_000}[settings.get_current_profile_name()]
fuzzing = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
SEEDS = st.integers(min_value=0, max_value=2**32)


@fuzzing
@given(st.one_of(SEEDS.map(lambda seed: mutated(FLEET, seed)), st.binary(max_size=200)))
def test_any_fleet_file_ends_with_a_documented_status(content: bytes) -> None:
    write(content)
    check(run(*TENANTS))


@fuzzing
@given(st.one_of(SEEDS.map(lambda seed: mutated(MANIFEST, seed)), st.binary(max_size=200)))
def test_any_manifest_ends_with_a_documented_status(content: bytes) -> None:
    write(FLEET)
    write(content, "manifest.toml")
    check(run(*SHOW))


@fuzzing
@given(SEEDS.map(lambda seed: mutated("".join(FILES[each] for each in ("1_one.sql", "contract.sql")), seed)))
def test_any_script_ends_with_a_documented_status(content: bytes) -> None:
    write(MANIFEST, "manifest.toml")
    write(content, "1_one.sql")
    check(run(*SHOW))


OPTIONS = ["--format", "--tenant", "--ring", "--label", "--config", "--manifest", "--help", "--version", "--", "-h"]
WORDS = [*OPTIONS, "tenants", "manifest", "prod", "json", "acme", "canary", "region=eu", "fleet.toml", "example"]


@fuzzing
@given(st.lists(st.sampled_from(WORDS) | st.sampled_from(PIECES) | st.text(max_size=20), max_size=6))
def test_any_command_line_ends_with_a_documented_status(arguments: list[str]) -> None:
    for name in ("fleet.toml", "manifest.toml", "1_one.sql"):
        write(FILES[name], name)
    command = "manifest" if "manifest" in arguments else "tenants"  # the others would connect to servers
    check(run(command, *(each for each in arguments if each not in {"check", "init"})))
