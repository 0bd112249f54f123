"""The deployments in Prefect: what `prefect deploy` makes of the shipped file, and pgfleet for any fleet file."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import prefect.settings
import pytest
import yaml
from fixtures.prefect import Records
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.states import Pending, Scheduled
from prefect.utilities.callables import parameter_schema

from pgfleet.cli.deploy import deploy, deployments_of, ensure_pool
from pgfleet.flows.audit import audit_fleet
from pgfleet.flows.audit_wave import audit_wave
from pgfleet.flows.count import count_fleet
from pgfleet.flows.count_wave import count_wave
from pgfleet.flows.plan_wave import plan_wave
from pgfleet.flows.repair import repair_fleet
from pgfleet.flows.repair_wave import repair_wave
from pgfleet.flows.revert import revert_fleet
from pgfleet.flows.rollout import rollout_fleet
from pgfleet.flows.rollout_wave import dry_run_wave, rollout_wave
from pgfleet.flows.seed import seed_fleet
from pgfleet.flows.watch_wave import watch_wave
from pgfleet.run.shipped import deployments_folder

FILE = deployments_folder() / "prefect.yaml"
POOL = "deployed"
KEPT = ("name", "description", "tags", "parameters", "entrypoint", "enforce_parameter_schema", "concurrency_options")


def deployed(name: str) -> DeploymentResponse:
    with get_client(sync_client=True) as client:
        return client.read_deployment_by_name(name)


def as_kept(found: DeploymentResponse) -> dict[str, Any]:
    schedules = [(each.schedule.model_dump(), each.active, each.slug) for each in found.schedules]
    limit = found.global_concurrency_limit.limit if found.global_concurrency_limit else None
    return {**{key: getattr(found, key) for key in KEPT}, "schedules": schedules, "limit": limit}


@pytest.mark.usefixtures("prefect_api")
def test_pgfleet_and_prefect_deploy_the_same_and_again_changes_nothing(prefect_api: str, tmp_path: Path) -> None:
    ensure_pool(POOL)
    ensure_pool(POOL)
    command = [Path(sys.executable).parent / "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(FILE)]
    variables = {"PREFECT_API_URL": prefect_api, "PGFLEET_WORK_POOL": POOL, "PGFLEET_CONFIG": "/etc/fleet.toml"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PGFLEET_")}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**inherited, **variables}, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    by_prefect = deployed("audit/nightly-prod")
    env = by_prefect.job_variables["env"]
    assert env == {
        "PGFLEET_CONFIG": "/etc/fleet.toml",
        "PGFLEET_MANIFEST": "",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    for _ in range(2):
        made = [deploy(each, POOL) for each in deployments_of("prod", "Europe/Berlin")]
        assert made[0] == "audit/nightly-prod"
        assert len(set(made)) == len(made) == 8
        by_pgfleet = deployed("audit/nightly-prod")
        assert (by_pgfleet.id, as_kept(by_pgfleet)) == (by_prefect.id, as_kept(by_prefect))
        assert by_pgfleet.pull_steps in (None, [])
        assert by_pgfleet.work_pool_name == POOL
    [schedule] = by_prefect.schedules
    assert (schedule.schedule.cron, schedule.schedule.timezone) == ("0 2 * * *", "Europe/Berlin")  # type: ignore[union-attr]


@pytest.mark.usefixtures("prefect_api")
def test_a_schedule_that_was_switched_off_stays_off_and_one_that_changed_is_changed() -> None:
    ensure_pool(POOL)
    deploy(next(deployments_of("off", "UTC")), POOL)
    found = deployed("audit/nightly-off")
    with get_client(sync_client=True) as client:
        client.request("PATCH", f"/deployments/{found.id}/schedules/{found.schedules[0].id}", json={"active": False})
    deploy(next(deployments_of("off", "Asia/Tokyo")), POOL)
    [schedule] = deployed("audit/nightly-off").schedules
    assert (schedule.active, schedule.schedule.timezone) == (False, "Asia/Tokyo")  # type: ignore[union-attr]


@pytest.mark.usefixtures("prefect_api")
def test_of_nightly_audits_that_were_late_one_is_run_and_the_others_are_cancelled(records: Records) -> None:
    """As a worker finds them that comes back after three nights."""
    ensure_pool(POOL)
    deploy(next(deployments_of("late", "UTC")), POOL)
    late = deployed("audit/nightly-late")
    nights = [Scheduled(scheduled_time=datetime.now(UTC) - timedelta(days=each)) for each in (3, 2, 1)]
    with get_client(sync_client=True) as client:
        runs = [client.create_flow_run_from_deployment(late.id, state=each) for each in nights]
        answers = [client.set_flow_run_state(each.id, Pending()) for each in runs]
    assert [each.state.name for each in answers if each.state] == ["Pending", "Cancelled", "Cancelled"]
    found = records.ask("/flow_runs/filter", deployments={"id": {"any_": [str(late.id)]}}, sort="START_TIME_ASC")
    assert sorted(each["state_name"] for each in found if each["id"] in {str(run.id) for run in runs}) == [
        "Cancelled",
        "Cancelled",
        "Pending",
    ]


@pytest.mark.parametrize("flow", [audit_fleet, rollout_fleet, seed_fleet, revert_fleet, repair_fleet, count_fleet])
def test_the_form_says_what_each_parameter_is(flow: Flow[..., Any]) -> None:
    form = parameter_schema(flow)
    assert [name for name, each in form.properties.items() if not each.get("description")] == []
    assert next(iter(form.properties)) == "environment"
    if "granularity" in form.properties:
        assert form.definitions["Granularity"]["enum"] == ["auto", "step", "tenant"]


def test_prefect_knows_every_setting_of_the_compose_file() -> None:
    services = yaml.safe_load((deployments_folder() / "docker-compose.yaml").read_text())["services"].values()
    named = {name for each in services for name in each.get("environment", {}) if name.startswith("PREFECT_")}
    of_redis = {"PREFECT_REDIS_MESSAGING_HOST", "PREFECT_REDIS_MESSAGING_PORT"}
    assert of_redis < named
    assert [name for name in named - of_redis if not hasattr(prefect.settings, name)] == []


@pytest.mark.parametrize(
    "wave",
    [audit_wave, count_wave, plan_wave, dry_run_wave, repair_wave, rollout_wave, watch_wave],
    ids=lambda wave: wave.name,
)
def test_no_wave_keeps_a_result_that_a_run_begun_again_would_take_up(wave: Flow[..., Any]) -> None:
    assert wave.persist_result is False
