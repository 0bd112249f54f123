"""A checksum changes only with what affects an audit's outcome."""

import hashlib

import pytest

from pgfleet.manifest.checksums import canonical_text, script_checksum
from pgfleet.manifest.parse import build_manifest, parse_document

SQL = "CREATE TABLE one (\n  id integer\n);\n"

DOCUMENT = """\
format = 1
equivalent_defaults = [["a()", "b()"]]

[[migrations]]
file = "1_one.sql"
priority = "P0"
provides = "the first"

[[migrations.without]]
service = "worker"
breaks = "nothing is queued"

[[migrations.checks]]
name = "tables"
query = "SELECT 1"
returns = [[1]]

[[migrations]]
file = "2_two.sql"
priority = "P1"
provides = "the second"
requires = ["1"]

[[seeds]]
name = "rules"
file = "seed.sql"
requires = "1"
table = "one"
key = ["id"]
ignores = ["created_at"]

[[contracts]]
consumer = "worker"
file = "worker.sql"
priority = "P1"

[[counts]]
table = "one"
"""

SCRIPTS = {"1_one.sql": SQL, "2_two.sql": "CREATE TABLE two ();", "seed.sql": "INSERT INTO one VALUES (1);"}
SCRIPTS["worker.sql"] = "-- name: fetch\nSELECT 1;"


def checksum(text: str = DOCUMENT, scripts: dict[str, str] = SCRIPTS) -> str:
    return build_manifest(parse_document(text, file="m"), scripts, file="m").checksum


def edited(old: str, new: str) -> str:
    assert old in DOCUMENT
    return DOCUMENT.replace(old, new, 1)


def test_a_scripts_checksum_is_the_sha_256_of_its_canonical_text() -> None:
    assert script_checksum("SELECT 'ü'") == hashlib.sha256("SELECT 'ü'\n".encode()).hexdigest()


def test_the_manifests_checksum_is_the_sha_256_of_what_is_specified() -> None:
    """Ledgers and documents of earlier runs hold it: this text does not change for a manifest that does not."""
    one, two, seed, worker = (script_checksum(text) for text in SCRIPTS.values())
    text = (
        '{"contracts":[["worker","'
        f'{worker}","P1"]],"counts":[["one",false]],"equivalent_defaults":[["a()","b()"]],'
        f'"migrations":[["1","{one}","P0",[],true,[["tables","SELECT \'ü\'",[["ü"]]]]],'
        f'["2","{two}","P1",["1"],true,[]]],'
        f'"seeds":[["rules","{seed}","1","one",["id"],["created_at"]]]}}'
    )
    document = edited('"SELECT 1"\nreturns = [[1]]', "\"SELECT 'ü'\"\nreturns = [['ü']]")
    assert checksum(document) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SQL, id="as it is"),
        pytest.param(SQL.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(SQL.replace("\n", "\r"), id="CR"),
        pytest.param("\ufeff" + SQL, id="byte order mark"),
        pytest.param(SQL.rstrip("\n"), id="no line end at its end"),
        pytest.param(SQL + "\n\n", id="several line ends at its end"),
        pytest.param("\ufeff" + SQL.replace("\n", "\r\n") + "\r\n", id="all of it"),
    ],
)
def test_line_ends_and_a_byte_order_mark_do_not_matter(text: str) -> None:
    assert canonical_text(text) == SQL
    assert script_checksum(text) == script_checksum(SQL)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SQL.upper(), id="case"),
        pytest.param(SQL.replace("  ", " "), id="indentation"),
        pytest.param("-- why\n" + SQL, id="a comment"),
        pytest.param("\n" + SQL, id="an empty line at the beginning"),
        pytest.param(SQL.replace("id", "i\ufeffd"), id="the mark elsewhere"),
        pytest.param(SQL.replace("\n", " "), id="no line ends"),
        pytest.param("", id="empty"),
    ],
)
def test_any_other_edit_of_a_script_matters(text: str) -> None:
    assert script_checksum(text) != script_checksum(SQL)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(edited("the first", "the very first"), id="provides"),
        pytest.param(edited('"worker"', '"planner"'), id="service"),
        pytest.param(edited("nothing is queued", "all is lost"), id="breaks"),
        pytest.param(DOCUMENT.replace("\n", "\r\n"), id="line ends"),
        pytest.param("# The manifest.\n" + DOCUMENT, id="comments"),
        pytest.param(edited('priority = "P1"', 'priority = "P1"\ntransactional = true'), id="a default spelt out"),
        pytest.param(DOCUMENT + "may_shrink = false\n", id="another default spelt out"),
    ],
)
def test_prose_and_form_do_not_change_the_manifests_checksum(text: str) -> None:
    assert checksum(text) == checksum()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(edited('"b()"', '"c()"'), id="equivalent default"),
        pytest.param(edited('["a()", "b()"]', '["b()", "a()"]'), id="which default stands for the others"),
        pytest.param(edited('"P1"', '"P0"'), id="priority"),
        pytest.param(edited('requires = ["1"]', ""), id="requires"),
        pytest.param(edited('priority = "P1"', 'priority = "P1"\ntransactional = false'), id="transactional"),
        pytest.param(edited('"tables"', '"table"'), id="check's name"),
        pytest.param(edited("SELECT 1", "SELECT 1 + 0"), id="check's query"),
        pytest.param(edited("[[1]]", "[[2]]"), id="check's rows"),
        pytest.param(edited("[[1]]", "[[true]]"), id="check's row by type"),
        pytest.param(edited("[[1]]", "[['1']]"), id="check's row as text"),
        pytest.param(edited('"rules"', '"rule"'), id="seed's name"),
        pytest.param(
            edited('file = "seed.sql"\nrequires = "1"', 'file = "seed.sql"\nrequires = "2"'), id="seed's need"
        ),
        pytest.param(edited('"one"\nkey', '"two"\nkey'), id="seed's table"),
        pytest.param(edited('["id"]', '["name"]'), id="seed's key"),
        pytest.param(edited('"created_at"', '"updated_at"'), id="seed's ignored columns"),
        pytest.param(DOCUMENT.replace('[[counts]]\ntable = "one"', '[[counts]]\ntable = "two"'), id="counted table"),
        pytest.param(edited('consumer = "worker"', 'consumer = "planner"'), id="contract's consumer"),
        pytest.param(edited('worker.sql"\npriority = "P1"', 'worker.sql"\npriority = "P0"'), id="contract's priority"),
        pytest.param(DOCUMENT + "may_shrink = true\n", id="may shrink"),
        pytest.param(DOCUMENT.partition("[[counts]]")[0], id="one count less"),
        pytest.param(DOCUMENT + '[[counts]]\ntable = "two"\n', id="one count more"),
    ],
)
def test_what_decides_an_audit_changes_the_manifests_checksum(text: str) -> None:
    assert checksum(text) != checksum()


@pytest.mark.parametrize("path", sorted(SCRIPTS))
def test_every_scripts_text_changes_the_manifests_checksum(path: str) -> None:
    assert checksum(scripts={**SCRIPTS, path: SCRIPTS[path] + "-- more"}) != checksum()
    assert checksum(scripts={**SCRIPTS, path: SCRIPTS[path] + "\r\n"}) == checksum()


def test_a_version_changes_the_manifests_checksum_and_a_folder_does_not() -> None:
    moved = {**SCRIPTS, "there/2_two.sql": SCRIPTS["2_two.sql"]}
    renamed = {**SCRIPTS, "3_two.sql": SCRIPTS["2_two.sql"]}
    assert checksum(edited("2_two.sql", "there/2_two.sql"), moved) == checksum()
    assert checksum(edited("2_two.sql", "3_two.sql"), renamed) != checksum()


def test_the_order_of_migrations_changes_the_manifests_checksum() -> None:
    one, two = (
        f'[[migrations]]\nfile = "{name}"\npriority = "P0"\nprovides = "x"\n' for name in ("1_one.sql", "2_two.sql")
    )
    assert checksum("format = 1\n" + one + two) != checksum("format = 1\n" + two + one)
