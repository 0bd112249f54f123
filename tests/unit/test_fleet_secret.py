"""A connection string never appears in output."""

from dataclasses import replace

import pytest
from unit.literals import a_tenant, an_environment

from pgfleet.fleet.secret import Dsn, redacted
from pgfleet.fleet.templates import substitute

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
        pytest.param("a.b", (".",), "a***b", id="no pattern"),
        pytest.param("hunter2", (), "hunter2", id="no secrets"),
    ],
)
def test_redacted_text_holds_asterisks_for_secrets(text: str, secrets: tuple[str, ...], result: str) -> None:
    assert redacted(text, secrets) == result


def test_dsns_of_one_text_are_equal() -> None:
    assert substitute("host=${H}", {"H": "h"}) == Dsn("host=h", ("h",))
