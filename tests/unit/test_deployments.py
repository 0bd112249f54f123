"""The deployments of an environment, as the shipped file has them and as they are made for any fleet file."""

from pathlib import Path

import pytest
import yaml

from pgfleet.cli.deploy import deployments_of, deployments_of_fleet
from pgfleet.errors import ConfigurationError
from pgfleet.fleet.parse import parse_fleet
from pgfleet.run import files
from pgfleet.run.shipped import deployments_folder

FILE = deployments_folder() / "prefect.yaml"
FLEET = deployments_folder() / "fleet.toml"
NAMES = ("nightly", "audit", "rollout", "dry-run", "seed", "revert", "repair", "counts")


def test_prefect_yaml_lists_the_deployments_that_up_creates_for_its_environments() -> None:
    fleet = files.load_fleet(FLEET)
    made = [
        each for name in ("dev", "staging", "prod") for each in deployments_of(name, fleet.environments[name].timezone)
    ]
    assert yaml.safe_load(FILE.read_text())["deployments"] == made


def test_each_kind_of_deployment_has_a_description_and_the_environment_in_its_name() -> None:
    made = list(deployments_of("eu-west", "Asia/Tokyo"))
    assert [each["name"] for each in made] == [f"{name}-eu-west" for name in NAMES]
    assert all(each["description"] and each["tags"] == ["pgfleet", "env:eu-west"] for each in made)
    assert all(each["parameters"]["environment"] == "eu-west" for each in made)
    nightly, dry_run = made[0], made[3]
    assert [(each["cron"], each["timezone"]) for each in nightly["schedules"]] == [("0 2 * * *", "Asia/Tokyo")]
    assert nightly["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert dry_run["parameters"] == {"environment": "eu-west", "dry_run": True}
    assert [each["name"] for each in made if "schedules" in each or "concurrency_limit" in each] == ["nightly-eu-west"]


def test_waves_are_deployed_on_the_work_pool_of_an_environment_that_distributes_them() -> None:
    text = '[environments.prod]\ndistribute = true\nwork_pool = "mine"\n'
    fleet = parse_fleet(text, file="fleet.toml")
    waves = [each["entrypoint"] for each in deployments_of_fleet(fleet, "mine") if each["name"] == "mine"]
    assert {"pgfleet.flows.audit_wave.audit_wave", "pgfleet.flows.rollout_wave.rollout_wave"} < set(waves)
    assert {each["name"] for each in deployments_of_fleet(fleet, "another")} == {f"{name}-prod" for name in NAMES}


def test_a_file_that_is_not_yaml_or_does_not_exist_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        files.load_yaml(file)
    file.write_text("a: [")
    with pytest.raises(ConfigurationError, match="is not YAML"):
        files.load_yaml(file)
