"""How many connections pgfleet may open to a server."""

import pytest

from pgfleet.fleet.allowance import Allowance, ServerCapacity, find_allowance

CASES = {
    "plenty is free": (ServerCapacity(total=100, reserved=3, used=10), 8),
    "just enough is free": (ServerCapacity(total=100, reserved=3, used=81), 8),
    "the share is less": (ServerCapacity(total=100, reserved=3, used=82), 7),
    "one is free": (ServerCapacity(total=100, reserved=3, used=96), 1),
    "nothing is free": (ServerCapacity(total=100, reserved=3, used=97), 1),
    "superusers are in the reserve": (ServerCapacity(total=100, reserved=3, used=99), 1),
    "the role may have fewer": (ServerCapacity(total=100, reserved=3, used=10, role_limit=6), 3),
    "others use the role": (ServerCapacity(total=100, reserved=3, used=10, role_limit=9, role_used=4), 2),
    "the role may have more than there are": (ServerCapacity(total=20, reserved=3, used=9, role_limit=500), 4),
    "the role may have none": (ServerCapacity(total=100, reserved=3, used=0, role_limit=0), 1),
}


@pytest.mark.parametrize("case", CASES)
def test_the_share_of_what_is_free_is_never_exceeded_but_by_one_connection(case: str) -> None:
    capacity, expected = CASES[case]
    found = find_allowance(capacity, limit=8, share_percent=50)
    assert found.connections == expected
    assert (found.reason is None) == (case in {"plenty is free", "just enough is free"})


def test_the_reason_lists_the_servers_connections() -> None:
    assert find_allowance(
        ServerCapacity(total=100, reserved=3, used=91, role_limit=20, role_used=2), limit=8, share_percent=50
    ) == Allowance(
        connections=3,
        reason="6 of 100 connections are free (3 reserved, 91 in use, the role's limit is 20, 2 in use), "
        "and connection_share is 50%",
    )


def test_a_bound_of_one_is_kept_and_explained_where_nothing_is_free() -> None:
    found = find_allowance(ServerCapacity(total=10, reserved=3, used=7), limit=1, share_percent=100)
    assert (found.connections, found.reason) == (
        1,
        "0 of 10 connections are free (3 reserved, 7 in use), and connection_share is 100%",
    )
