"""The deployments of an environment, as the shipped file has them and as they are made for any fleet file."""

from pathlib import Path

import pytest

from pgfleet.cli.deployment_file import deployments_of, load_deployments, parse_deployments
from pgfleet.errors import ConfigurationError
from pgfleet.run import files
from pgfleet.run.shipped import deployments_folder

FILE = deployments_folder() / "prefect.yaml"
FLEET = deployments_folder() / "fleet.toml"
NAMES = ("nightly", "audit", "rollout", "dry-run", "seed", "repair", "counts")


def test_the_shipped_file_has_what_is_made_for_its_environments() -> None:
    shipped, fleet = load_deployments(FILE), files.load_fleet(FLEET)
    made = [
        each
        for name in ("dev", "staging", "prod")
        for each in deployments_of(shipped.kinds, name, fleet.environments[name].timezone)
    ]
    assert list(shipped.deployments) == made


def test_each_kind_says_what_it_does_and_has_a_name_of_the_environment() -> None:
    made = list(deployments_of(load_deployments(FILE).kinds, "eu-west", "Asia/Tokyo"))
    assert [each.name for each in made] == [f"{name}-eu-west" for name in NAMES]
    assert all(each.description and each.tags == ("pgfleet", "env:eu-west") for each in made)
    assert all(each.parameters["environment"] == "eu-west" for each in made)
    nightly, dry_run = made[0], made[3]
    assert [(each.cron, each.timezone) for each in nightly.schedules] == [("0 2 * * *", "Asia/Tokyo")]
    assert nightly.concurrency_limit is not None
    assert (nightly.concurrency_limit.limit, nightly.concurrency_limit.collision_strategy) == (1, "CANCEL_NEW")
    assert dry_run.parameters == {"environment": "eu-west", "dry_run": True}
    assert [each.name for each in made if each.schedules or each.concurrency_limit] == ["nightly-eu-west"]


def test_on_another_pool_the_workers_have_their_own_environment() -> None:
    [nightly, *_] = deployments_of(load_deployments(FILE).kinds, "prod", "UTC")
    assert (nightly.on("mine").work_pool.name, nightly.on("mine").work_pool.job_variables) == ("mine", {})
    assert nightly.on("mine", name="other").name == "other"


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ({}, "x.yaml: deployments: missing"),
        ({"deployments": [{"entrypoint": "a.b"}]}, "x.yaml: deployments[0].work_pool: missing"),
        (
            {"deployments": [{"entrypoint": "a.b", "work_pool": {"name": "p"}, "shedule": 1}]},
            "x.yaml: deployments[0].shedule: unknown key",
        ),
    ],
)
def test_a_file_of_another_form_is_told_in_one_line(tables: object, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=r"x\.yaml") as raised:
        parse_deployments(tables, file="x.yaml")
    assert str(raised.value) == problem


def test_a_file_that_is_no_yaml_or_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        load_deployments(file)
    file.write_text("a: [")
    with pytest.raises(ConfigurationError, match="is not YAML"):
        load_deployments(file)
