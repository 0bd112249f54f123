"""The connection strings of a tenant for audits and for rollouts."""

import pytest

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment, Tenant
from pgfleet.fleet.parse import build_environment, parse_fleet
from pgfleet.fleet.pooler import Pooler
from pgfleet.postgres import dsn as libpq

PROD = "[environments.prod]\n"
TENANT = '[[environments.prod.tenants]]\nname = "acme"\n'


def read(text: str, **variables: str) -> Environment:
    return build_environment(parse_fleet(text, file="fleet.toml"), "prod", variables, file="fleet.toml")


def tenant(dsn: str, rollout_dsn: str, more: str = "") -> Tenant:
    text = f"{PROD}{TENANT}dsn = '{dsn}'\nrollout_dsn = '{rollout_dsn}'\n{more}"
    return read(text, PW="p w", AUDIT="s3cret").tenants[0]


def parts(dsn: str, rollout_dsn: str) -> dict[str, str]:
    return libpq._parts(libpq.rollout_dsn(tenant(dsn, rollout_dsn)).text)


@pytest.mark.parametrize(
    ("dsn", "rollout_dsn", "found"),
    [
        ("host=h dbname=acme", "user=b", {"host": "h", "dbname": "acme", "user": "b"}),
        (
            "postgresql://a:${AUDIT}@h:6432/acme?sslmode=require&options=-c%20role%3Da",
            "user=b password=${PW}",
            {"host": "h", "port": "6432", "dbname": "acme", "user": "b", "password": "p w", "sslmode": "require"},
        ),
        ("host=h user=acme", "user=b", {"host": "h", "dbname": "acme", "user": "b"}),
        ("host=h port=6432 user=a dbname=x", "port=5432", {"host": "h", "port": "5432", "user": "a", "dbname": "x"}),
        (
            "hostaddr=10.0.0.1 port=6432 user=a dbname=x password=p",
            "postgresql://b@direct/x",
            {"host": "direct", "user": "b", "dbname": "x"},
        ),
        (
            "service=audit user=a dbname=x sslmode=require",
            "service=rollout",
            {"service": "rollout", "dbname": "x", "sslmode": "require"},
        ),
    ],
)
def test_a_rollout_connects_with_what_its_dsn_gives(dsn: str, rollout_dsn: str, found: dict[str, str]) -> None:
    assert parts(dsn, rollout_dsn) == found


def test_without_a_rollout_dsn_a_rollout_connects_as_an_audit_does() -> None:
    [found] = read(f'{PROD}{TENANT}dsn = "host=h"').tenants
    assert (libpq.rollout_dsn(found), found.rollout_dsn) == (found.dsn, None)


def test_the_secrets_of_both_logins_are_hidden_and_a_direct_connection_has_no_pooler() -> None:
    pooled = tenant("host=h password=${AUDIT}", "user=b password=${PW}", 'pooler = "transaction"\n')
    found = libpq.rollout_dsn(pooled)
    assert ({"s3cret", "p w"} <= {*libpq.secrets(found)}, found.pooler) == (True, Pooler.TRANSACTION)
    assert "p w" not in repr(pooled)
    assert libpq.rollout_dsn(tenant("host=h", "host=direct", 'pooler = "transaction"\n')).pooler is None


def test_a_tenant_takes_precedence_over_its_environment() -> None:
    text = f'{PROD}rollout_dsn = "user=every"\n'
    own = f'{TENANT}dsn = "host=h"\nrollout_dsn = "user=own"\n{TENANT.replace("acme", "b")}dsn = "host=h"\n'
    assert [libpq.user(libpq.rollout_dsn(each)) for each in read(text + own).tenants] == ["own", "every"]


def test_in_a_rollout_a_tenant_is_connected_to_as_its_rollout_login() -> None:
    [found] = libpq.with_rollout_logins(read(f'{PROD}{TENANT}dsn = "user=a"\nrollout_dsn = "user=b"\n')).tenants
    assert (libpq.user(found.dsn), found.audit_dsn and libpq.user(found.audit_dsn)) == ("b", "a")
    assert libpq.login_roles(found) == ("b",)


@pytest.mark.parametrize(
    ("rollout_dsn", "roles"),
    [
        ("user=b", ("b",)),
        (r"user=b options=''-c role=the\\ owner''", ("b", "the owner")),
        ("user=b options=--role=owner", ("b", "owner")),
        ("user=b options=''-c statement_timeout=5 -crole=owner''", ("b", "owner")),
        ("service=x", ()),
    ],
)
def test_the_ledger_of_the_rollout_login_and_its_role_is_trusted(rollout_dsn: str, roles: tuple[str, ...]) -> None:
    written = rollout_dsn.replace(2 * "'", "'")
    text = f"{PROD}{TENANT}dsn = 'host=h user=a dbname=x'\nrollout_dsn = '''{written}'''\n"
    assert libpq.login_roles(read(text).tenants[0]) == roles


@pytest.mark.parametrize(
    ("rollout_dsn", "problem"),
    [
        ("host=h dbname=other", "names another database than dsn; leave the database out"),
        ("nonsense", "is no connection string that libpq understands"),
    ],
)
def test_a_wrong_rollout_dsn_is_an_error(rollout_dsn: str, problem: str) -> None:
    environment = read(f'{PROD}{TENANT}dsn = "host=h dbname=acme"\nrollout_dsn = "{rollout_dsn}"\n')
    with pytest.raises(FleetError, match=f"tenant 'acme': rollout_dsn: {problem}"):
        libpq.check_dsns(environment, file="fleet.toml")
