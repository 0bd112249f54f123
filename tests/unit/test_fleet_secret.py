"""A connection string never appears in output."""

from dataclasses import replace

import pytest
from unit.literals import a_tenant, an_environment

from pgfleet.fleet.secret import Dsn, redacted, redacted_name
from pgfleet.fleet.templates import substitute, substitute_text

SECRET = "hunter2"
DSN = substitute("host=h user=u password=${PASSWORD}", {"PASSWORD": SECRET})
TENANT = replace(a_tenant(), dsn=DSN)
ENVIRONMENT = an_environment(TENANT)
SCRATCH = replace(ENVIRONMENT, tenants=(), policy=replace(ENVIRONMENT.policy, scratch_dsn=DSN))


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(repr(DSN), id="repr"),
        pytest.param(str(DSN), id="str"),
        pytest.param(f"{DSN}", id="f-string"),
        pytest.param(f"{DSN!r:>40}", id="f-string of repr"),
        pytest.param("{:}".format(DSN), id="format"),  # noqa: UP032
        pytest.param("%s %r" % (DSN, DSN), id="percent"),  # noqa: UP031
        pytest.param(repr([DSN]), id="in a list"),
        pytest.param(repr(TENANT), id="in a tenant"),
        pytest.param(repr(ENVIRONMENT), id="in an environment"),
        pytest.param(repr(SCRATCH), id="of the scratch server"),
    ],
)
def test_no_form_of_a_dsn_shows_it(shown: str) -> None:
    assert SECRET not in shown
    assert "host=h" not in shown


def test_a_dsn_as_text_is_asterisks() -> None:
    assert f"{DSN}" == "***"


@pytest.mark.parametrize(
    ("text", "secrets", "result"),
    [
        pytest.param("user u, password hunter2", ("hunter2",), "user u, password ***", id="one"),
        pytest.param("hunter2 hunter2", ("hunter2",), "*** ***", id="every place"),
        pytest.param("hunter2000", ("hunter2", "hunter2000"), "***", id="the longest first"),
        pytest.param("p%40ss and p@ss", ("p@ss", "p%40ss"), "*** and ***", id="both forms"),
        pytest.param("nothing", ("", "hunter2"), "nothing", id="an empty secret is none"),
        pytest.param("a....b", ("....",), "a***b", id="no pattern"),
        pytest.param("password rejected on the server", ("a", "on", "the"), None, id="short ones are not searched"),
        pytest.param("the tenant's ledger, column s", ("s",), None, id="an apostrophe is no quote"),
        pytest.param("ring main halted", ("main", "ring"), None, id="a word is none in prose"),
        pytest.param('role "on" does not exist', ("on",), 'role "***" does not exist', id="short, in quotes"),
        pytest.param("host=h password=the user=u", ("the",), "host=h password=*** user=u", id="short, after ="),
        pytest.param("'the theory'='the'", ("the",), "'the theory'='***'", id="short, in single quotes"),
        pytest.param('in "postgres://u:a@h:1/a"', ("a",), 'in "postgres://u:***@h:1/a"', id="short, in a URL"),
        pytest.param("on", ("on",), "***", id="short, the entire text"),
        pytest.param("swordfishes", ("swordfish",), None, id="within a word"),
        pytest.param("a correcthorsebattery staple", ("correcthorsebattery",), "a *** staple", id="no word is as long"),
        pytest.param("hunter2", (), "hunter2", id="no secrets"),
    ],
)
def test_redacted_text_has_asterisks_for_secrets(text: str, secrets: tuple[str, ...], result: str | None) -> None:
    assert redacted(text, secrets) == (text if result is None else result)


def test_a_name_has_asterisks_for_the_parts_that_are_secrets() -> None:
    assert redacted_name("db1:5432/acme", ("acme", "b1", "5432")) == "db1:***/***"
    assert redacted_name("acme on acme-db:5432", ("acme",)) == "*** on acme-db:5432"


@pytest.mark.parametrize("value", ["a", "on", "the", "hunter2"])
def test_a_restart_command_shows_no_value(value: str) -> None:
    assert str(substitute_text("${TOKEN} --token=${TOKEN} on", {"TOKEN": value})) == "*** --token=*** on"


def test_dsns_of_one_text_are_equal() -> None:
    assert substitute("host=${H}", {"H": "h"}) == Dsn("host=h", ("h",))
