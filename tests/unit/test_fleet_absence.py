"""A tenant that disappears during a run keeps its place and gets a reason."""

from dataclasses import replace

import pytest
from unit.literals import a_tenant, an_environment
from unit.test_fleet_inventory import an_inventory

from pgfleet.errors import TenantGone
from pgfleet.fleet.model import Environment, SkippedTenant
from pgfleet.fleet.selection import pick_with_absent

FLEET = an_environment(a_tenant("acme"), a_tenant("globex"))
SKIPPED = SkippedTenant(name="initech", reason="its state is suspended", ring="main", labels={})


def reasons(environment: Environment, *names: str) -> dict[str, str]:
    return {
        name: str(error) for name, error in pick_with_absent(environment, names, "early", file="fleet.toml")[1].items()
    }


def test_existing_tenants_come_in_the_requested_order() -> None:
    picked, absent = pick_with_absent(FLEET, ["globex", "acme"], "early", file="fleet.toml")
    assert ([each.name for each in picked.tenants], absent) == (["globex", "acme"], {})


def test_an_absent_tenant_keeps_its_place_and_ring_and_resolves_nowhere() -> None:
    picked, absent = pick_with_absent(FLEET, ["globex", "umbrella", "acme"], "early", file="fleet.toml")
    assert [(each.name, each.ring) for each in picked.tenants][1] == ("umbrella", "early")
    assert picked.tenants[1].dsn.text.endswith(".invalid")
    assert isinstance(absent["umbrella"], TenantGone)


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (FLEET, "it existed when the run started, and is not in fleet.toml any more"),
        (
            replace(FLEET, inventories=(an_inventory(),)),
            "it existed when the run started, and is not in fleet.toml and its inventories any more",
        ),
        (
            replace(FLEET, skipped=(SKIPPED,)),
            "it existed when the run started, and is skipped now: its state is suspended",
        ),
    ],
    ids=["listed", "found", "skipped"],
)
def test_the_reason_is_true(environment: Environment, reason: str) -> None:
    assert reasons(environment, "acme", "initech") == {"initech": reason}
