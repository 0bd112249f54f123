"""The checks of `pgfleet doctor`, from what was read."""

from typing import Any

import pytest

from pgfleet.documents.doctor import CheckEntry, CheckStatus
from pgfleet.documents.login_rights import LoginRights
from pgfleet.fleet.allowance import Allowance
from pgfleet.fleet.pooler import Pooler
from pgfleet.judge.doctor import (
    ScratchRights,
    ServerFacts,
    error,
    exit_status,
    login_checks,
    ok,
    scratch_checks,
    server_checks,
    warning,
)
from pgfleet.judge.logins import TenantLogins

OK, WARNING, ERROR = CheckStatus
FINE, RISK, WRONG = ok("a", "x"), warning("a", "x", "y"), error("a", "x", "y")
AWAY = error("a", "x", "y", is_unreachable=True)


def rights(**changes: Any) -> ScratchRights:
    return ScratchRights(**{"server": "db1:5432", "major": 16, "problem": None, "may_create": True, **changes})


def statuses(**changes: Any) -> dict[str, CheckStatus]:
    usual = {"server": "db1:5432", "version": "16.4", "major": 16, "pooler": None, "scratch": rights()}
    facts = ServerFacts(**{**usual, "allowance": Allowance(connections=8), **changes})
    return {each.name: each.status for each in server_checks(facts)}


@pytest.mark.parametrize(
    ("checks", "status"),
    [((FINE, RISK), 0), ((FINE, WRONG), 2), ((RISK, AWAY), 3), ((AWAY, WRONG), 2), ((), 0)],
)
def test_a_wrong_file_takes_precedence_over_a_server_that_does_not_answer(
    checks: tuple[CheckEntry, ...], status: int
) -> None:
    assert exit_status(checks) == status


def test_a_server_is_warned_of_by_version_pooler_and_free_connections() -> None:
    assert statuses() == {"server": OK, "pooler": OK, "connections": OK}
    assert statuses(major=13)["server"] is statuses(major=19)["server"] is WARNING
    assert statuses(pooler=Pooler.TRANSACTION)["pooler"] is WARNING
    assert statuses(pooler=Pooler.SESSION)["pooler"] is OK
    assert statuses(allowance=Allowance(connections=1, reason="none is free"))["connections"] is WARNING


def test_each_major_version_needs_a_place_for_scratch_databases() -> None:
    found = scratch_checks([rights(), rights(major=15, may_create=False)], {15, 16, 18}, embedded_major=18)
    assert [(each.status, each.detail) for each in found] == [
        (ERROR, "PostgreSQL 15: not possible: db1:5432: it is PostgreSQL 16; db1:5432: the role has no CREATEDB"),
        (OK, "PostgreSQL 16: on db1:5432"),
        (OK, "PostgreSQL 18: on the embedded server"),
    ]
    [standby] = scratch_checks([rights(problem="it is a standby")], {16}, embedded_major=None)
    assert standby.detail.endswith("db1:5432: it is a standby")


def test_a_login_has_the_warnings_of_an_audit() -> None:
    tenant = TenantLogins(
        tenant="acme", server="db1", database="acme", home="public", audit="reader", rollout="acme_rollout"
    )
    found = [
        LoginRights(server="db1", login="reader", is_own=True, powers=(), database="acme"),
        LoginRights(server="db1", login="acme_rollout", is_own=False, powers=("CREATEROLE",), database="acme"),
    ]
    assert [(each.status, each.detail) for each in login_checks(found, [tenant], has_scratch_dsn=True)] == [
        (OK, "reader on db1: no needless rights; missing ones show in an audit"),
        (WARNING, "acme_rollout on db1 (rollouts): can create roles (CREATEROLE)"),
    ]
