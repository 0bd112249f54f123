"""libpq's own parser reads exactly the variable's value, whatever its characters."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from pgfleet.fleet.secret import Dsn
from pgfleet.fleet.templates import substitute

PASSWORDS = {
    "plain": "hunter2",
    "all that is special": "p@ss/w:rd %'\"\\ x",
    "spaces at both ends": "  x  ",
    "backslash at the end": "x\\",
    "only quotes": "''",
    "another pair": "x host=evil.example dbname='other'",
    "another URL": "x@evil.example/other?sslmode=disable#",
    "percent-encoded already": "%41%00",
    "white space": "a\tb\nc\rd",
    "not ASCII": "pässwörd€\u00a0",
    "a reference": "${OTHER}",
    "a group of a pattern": "\\1\\g<0>",
}

TEMPLATES = {
    "URL": "postgresql://u:${PASSWORD}@h:6000/d",
    "short URL": "postgres://u:${PASSWORD}@h:6000/d",
    "query of a URL": "postgresql://u@h:6000/d?password=${PASSWORD}",
    "pairs": "host=h port=6000 user=u password=${PASSWORD} dbname=d",
    "last pair": "host=h port=6000 user=u dbname=d password=${PASSWORD}",
    "quoted pair": "host=h port=6000 user=u password='${PASSWORD}' dbname=d",
}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS.keys())
def test_libpq_reads_exactly_the_password(template: str, password: str) -> None:
    dsn = substitute(template, {"PASSWORD": password})
    expected = {"host": "h", "port": "6000", "user": "u", "dbname": "d", "password": password}
    assert conninfo_to_dict(dsn.text) == expected


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_an_empty_variable_takes_nothing_of_what_stands_beside_it(template: str) -> None:
    parts = conninfo_to_dict(substitute(template, {"PASSWORD": ""}).text)
    assert parts.pop("password", "") == ""
    assert parts == {"host": "h", "port": "6000", "user": "u", "dbname": "d"}


@pytest.mark.parametrize("password", ["", *PASSWORDS.values()], ids=["empty", *PASSWORDS.keys()])
@pytest.mark.parametrize(
    "template",
    [
        "host=h password=a${PASSWORD} dbname=d",
        "host=h password=${PASSWORD}z dbname=d",
        "host=h password=a${PASSWORD}z dbname=d",
        "host=h password='a ${PASSWORD} z' dbname=d",
        "host=h dbname=d password='${PASSWORD}z'",
        "postgresql://:a${PASSWORD}z@h/d",
    ],
)
def test_a_reference_may_be_a_part_of_the_password(template: str, password: str) -> None:
    before, after = template.split("${PASSWORD}")
    around = conninfo_to_dict(f"{before}|{after}")["password"]
    expected = {"host": "h", "dbname": "d", "password": str(around).replace("|", password)}
    assert conninfo_to_dict(substitute(template, {"PASSWORD": password}).text) == expected


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_nothing_is_no_secret(template: str) -> None:
    """Else asterisks would stand between all characters, or for every empty string of SQL."""
    assert substitute(template, {"PASSWORD": ""}).secrets == ()


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS.keys())
def test_a_single_reference_is_the_connection_string(password: str) -> None:
    text = substitute(TEMPLATES["pairs"], {"PASSWORD": password}).text
    assert substitute("${DSN}", {"DSN": text}) == Dsn(text, (text,))


def test_every_reference_is_replaced() -> None:
    template = "postgresql://${USER}:${PASSWORD}@h/${USER}"
    dsn = substitute(template, {"USER": "a/b", "PASSWORD": "p:q", "OTHER": "o"})
    assert conninfo_to_dict(dsn.text) == {"host": "h", "user": "a/b", "password": "p:q", "dbname": "a/b"}


def test_a_template_without_references_is_unchanged() -> None:
    assert substitute("host=h password=$PASSWORD", {"PASSWORD": "x"}) == Dsn("host=h password=$PASSWORD", ())


@pytest.mark.parametrize("template", ["${NONE}", "host=${NONE}", "postgresql://u:${NONE}@h"])
def test_an_unset_variable_is_a_key_error_with_its_name(template: str) -> None:
    with pytest.raises(KeyError) as caught:
        substitute(template, {"SOME": "x"})
    assert caught.value.args == ("NONE",)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS.keys())
def test_the_value_is_a_secret_as_it_is_and_as_it_stands_in_the_text(template: str, password: str) -> None:
    dsn = substitute(template, {"PASSWORD": password})
    before, after = template.split("${PASSWORD}")
    assert set(dsn.secrets) == {password, dsn.text.removeprefix(before).removesuffix(after)}
