"""Which tenants are selected, and their waves."""

from dataclasses import replace

import pytest
from unit.literals import a_tenant, an_environment

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment, SkippedTenant
from pgfleet.fleet.selection import ALL_TENANTS, Selection, cut_waves, pick_tenants, select_tenants

FLEET = an_environment(
    a_tenant("acme-eu", ring="main"),
    a_tenant("acme-us", ring="early"),
    a_tenant("globex", ring="main"),
    a_tenant("initech", ring="early"),
)


def names(environment: Environment) -> list[str]:
    return [each.name for each in environment.tenants]


@pytest.mark.parametrize(
    ("tenants", "rings", "chosen"),
    [
        pytest.param([], [], ["acme-eu", "acme-us", "globex", "initech"], id="nothing given means all"),
        pytest.param(["globex"], [], ["globex"], id="a name"),
        pytest.param(["initech", "acme-eu"], [], ["acme-eu", "initech"], id="names, in the fleet's order"),
        pytest.param(["acme-*"], [], ["acme-eu", "acme-us"], id="a pattern"),
        pytest.param(["acme-??", "glob*"], [], ["acme-eu", "acme-us", "globex"], id="patterns"),
        pytest.param(["globex", "globex", "g*"], [], ["globex"], id="a tenant once"),
        pytest.param([], ["early"], ["acme-us", "initech"], id="a ring"),
        pytest.param([], ["main", "early"], ["acme-eu", "acme-us", "globex", "initech"], id="rings"),
        pytest.param(["acme-*"], ["main"], ["acme-eu"], id="of both"),
        pytest.param([], ["canary", "early"], ["acme-us", "initech"], id="an empty ring beside another"),
    ],
)
def test_tenants_are_chosen_by_name_and_ring(tenants: list[str], rings: list[str], chosen: list[str]) -> None:
    assert names(select_tenants(FLEET, Selection.of(tenants, rings))) == chosen


LABELLED = an_environment(
    replace(a_tenant("acme"), labels={"region": "eu", "tier": "gold"}),
    replace(a_tenant("globex"), labels={"region": "us", "tier": "gold"}),
    replace(a_tenant("hooli", ring="early"), labels={"region": "eu", "tier": "free=trial"}),
    a_tenant("initech"),
)


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        pytest.param({"labels": ["region=eu"]}, ["acme", "hooli"], id="a label"),
        pytest.param({"labels": ["region=eu", "tier=gold"]}, ["acme"], id="different keys: both"),
        pytest.param({"labels": ["region=eu", "region=us"]}, ["acme", "globex", "hooli"], id="the same key: either"),
        pytest.param({"labels": ["region=us", "region=eu", "tier=gold"]}, ["acme", "globex"], id="either, and both"),
        pytest.param({"labels": ["region=*"]}, ["acme", "globex", "hooli"], id="any value"),
        pytest.param({"labels": ["tier=g*"]}, ["acme", "globex"], id="a pattern"),
        pytest.param({"labels": ["tier=free=trial"]}, ["hooli"], id="a value with an equals sign"),
        pytest.param({"labels": ["region=eu"], "rings": ["early"]}, ["hooli"], id="and a ring"),
        pytest.param({"labels": ["tier=gold"], "tenants": ["a*", "i*"]}, ["acme"], id="and names"),
    ],
)
def test_tenants_are_chosen_by_label(choice: dict[str, list[str]], chosen: list[str]) -> None:
    assert names(select_tenants(LABELLED, Selection.of(**choice))) == chosen


@pytest.mark.parametrize(
    ("choice", "line"),
    [
        pytest.param(
            {"labels": ["region"]},
            "--label: region: must be key=value, such as region=eu or tier=g*",
            id="no value",
        ),
        pytest.param({"labels": ["=eu"]}, "--label: =eu: must be key=value, such as region=eu or tier=g*", id="no key"),
        pytest.param(
            {"labels": ["region=mars"]},
            "--label: region=mars: no tenant of prod has this label; did you mean 'region=us' or 'region=eu'?",
            id="unknown value",
        ),
        pytest.param({"labels": ["planet=*"]}, "--label: planet=*: no tenant of prod has this label", id="unknown key"),
        pytest.param(
            {"labels": ["region=eu", "region=mars"]},
            "--label: region=mars: no tenant of prod has this label; did you mean 'region=us' or 'region=eu'?",
            id="one of two",
        ),
        pytest.param(
            {"labels": ["region=us", "tier=free*"]},
            "--label: no tenant of prod has all of these labels",
            id="none has both",
        ),
        pytest.param(
            {"labels": ["region=us"], "tenants": ["acme"]},
            "--tenant, --label: no tenant of prod matches both",
            id="not so named",
        ),
        pytest.param(
            {"labels": ["region=us"], "tenants": ["*"], "rings": ["early"]},
            "--tenant, --ring, --label: no tenant of prod matches all three",
            id="not there",
        ),
    ],
)
def test_a_label_that_fits_nothing_is_refused(choice: dict[str, list[str]], line: str) -> None:
    with pytest.raises(FleetError) as caught:
        select_tenants(LABELLED, Selection.of(**choice))
    assert str(caught.value) == line


SKIPPED = SkippedTenant(name="umbrella", reason="its state is suspended", ring="early", labels={"region": "us"})


@pytest.mark.parametrize(
    ("choice", "skipped"),
    [
        ({}, ["umbrella"]),
        ({"rings": ["early"]}, ["umbrella"]),
        ({"rings": ["main"]}, []),
        ({"labels": ["region=us"]}, ["umbrella"]),
        ({"labels": ["region=eu"]}, []),
        ({"tenants": ["*"]}, ["umbrella"]),
        ({"tenants": ["acme"]}, []),
    ],
    ids=str,
)
def test_those_that_are_skipped_are_chosen_in_the_same_way(choice: dict[str, list[str]], skipped: list[str]) -> None:
    chosen = select_tenants(replace(LABELLED, skipped=(SKIPPED,)), Selection.of(**choice))
    assert [each.name for each in chosen.skipped] == skipped


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("umbrella", "--tenant: umbrella: it is skipped: its state is suspended"),
        ("umb*", "--tenant: umb*: umbrella is skipped: its state is suspended"),
    ],
)
def test_a_skipped_tenant_is_not_reported_as_unknown(pattern: str, line: str) -> None:
    with pytest.raises(FleetError) as caught:
        select_tenants(replace(LABELLED, skipped=(SKIPPED,)), Selection.of([pattern]))
    assert str(caught.value) == line


def test_a_selection_keeps_the_policy() -> None:
    assert select_tenants(FLEET, Selection.of(["globex"])).policy == FLEET.policy


@pytest.mark.parametrize("name", ["[red]x[/red]", "a*b", "what?", "[!a]"])
def test_a_tenant_is_chosen_by_its_own_name_even_if_that_looks_like_a_pattern(name: str) -> None:
    fleet = an_environment(a_tenant(name), a_tenant("other"))
    assert names(select_tenants(fleet, Selection.of([name]))) == [name]


@pytest.mark.parametrize(
    ("tenants", "rings", "line"),
    [
        pytest.param(
            ["globx"], [], "--tenant: globx: no tenant of prod has this name; did you mean 'globex'?", id="unknown name"
        ),
        pytest.param(
            ["Globex"],
            [],
            "--tenant: Globex: no tenant of prod has this name; did you mean 'globex'?",
            id="another case",
        ),
        pytest.param(["globex", "x-*"], [], "--tenant: x-*: no tenant of prod has this name", id="one of two"),
        pytest.param([], ["late"], "--ring: late: prod has the rings canary, early, main", id="unknown ring"),
        pytest.param([], ["canary"], "--ring: canary: no tenant of prod is in this ring", id="ring without tenants"),
        pytest.param(
            ["globex"], ["early"], "--tenant, --ring: no tenant of prod matches both", id="empty intersection"
        ),
    ],
)
def test_a_choice_that_fits_nothing_is_refused(tenants: list[str], rings: list[str], line: str) -> None:
    with pytest.raises(FleetError) as caught:
        select_tenants(FLEET, Selection.of(tenants, rings))
    assert str(caught.value) == line


def test_an_environment_without_tenants_is_refused_without_mention_of_options() -> None:
    with pytest.raises(FleetError) as caught:
        select_tenants(an_environment(), ALL_TENANTS)
    assert str(caught.value) == "environments.prod.tenants: the environment has no tenants"


def test_picked_tenants_come_in_the_requested_order_without_absent_ones() -> None:
    assert names(pick_tenants(FLEET, ["initech", "umbrella", "acme-eu"])) == ["initech", "acme-eu"]


def test_a_pick_takes_no_patterns() -> None:
    assert names(pick_tenants(FLEET, ["acme-*"])) == []


def test_waves_go_ring_after_ring_in_the_policys_order() -> None:
    assert [(each.number, each.ring, each.names) for each in cut_waves(FLEET)] == [
        (1, "early", ["acme-us", "initech"]),
        (2, "main", ["acme-eu", "globex"]),
    ]


def test_waves_of_one_ring_are_cut_to_size() -> None:
    fleet = an_environment(*(a_tenant(f"t{number}") for number in range(5)), wave_size_tenants=2)
    assert [each.names for each in cut_waves(fleet)] == [["t0", "t1"], ["t2", "t3"], ["t4"]]


def test_a_wave_holds_at_most_a_few_hundred_tenants() -> None:
    fleet = an_environment(*(a_tenant(f"t{number}") for number in range(1_000)))
    assert {len(each.tenants) for each in cut_waves(fleet)} == {200}


def test_no_tenants_are_no_waves() -> None:
    assert cut_waves(an_environment()) == ()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 200])
@pytest.mark.parametrize("total", [1, 2, 6, 7, 8, 40])
def test_every_tenant_is_in_one_wave_of_its_ring(total: int, size: int) -> None:
    rings = ("canary", "early", "main")
    tenants = (a_tenant(f"t{number:02}", ring=rings[number * 7 % 3]) for number in range(total))
    fleet = an_environment(*tenants, wave_size_tenants=size)
    waves = cut_waves(fleet)
    told = [tenant for wave in waves for tenant in wave.tenants]
    assert told == sorted(fleet.tenants, key=lambda each: (rings.index(each.ring), each.name))
    assert all(1 <= len(wave.tenants) <= size for wave in waves)
    assert all({tenant.ring for tenant in wave.tenants} == {wave.ring} for wave in waves)
    assert len(waves) == sum(-(-sum(each.ring == ring for each in told) // size) for ring in rings)


def test_a_selection_gives_flows_only_the_parameters_that_were_given() -> None:
    assert Selection.of(["acme-*"], None, []).parameters == {"tenants": ["acme-*"]}
    assert ALL_TENANTS.parameters == {}
