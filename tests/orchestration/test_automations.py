"""The automations in the package, on a real server: each is created once, and acts."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from fixtures.automations import Inbox
from fixtures.fleet import Fleet
from fixtures.prefect import Records
from fixtures.waiting import until
from prefect import flow
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.states import Failed, Running, Scheduled

from pgfleet.cli.automations import Change, apply_automations, load_automations, notification_block, tables
from pgfleet.cli.deploy import deploy, deployments_of, ensure_pool
from pgfleet.errors import ConfigurationError
from pgfleet.flows.audit import audit_fleet
from pgfleet.run.context import Granularity
from pgfleet.run.shipped import deployments_folder

FILE = deployments_folder() / "automations.yaml"
AUTOMATIONS = load_automations(FILE)
SHORTEST_SECONDS = 10
"""Prefect's own least, of a trigger that waits for something not to happen."""


def apply(wanted: Any) -> set[Change]:
    return set(apply_automations(wanted, file=str(FILE)).values())


def soon(table: dict[str, Any]) -> dict[str, Any]:
    """The same, with as little patience as may be."""
    trigger = table["trigger"]
    return {**table, "trigger": {**trigger, "within": SHORTEST_SECONDS} if "within" in trigger else trigger}


def enabled(name: str) -> bool:
    with get_client(sync_client=True) as client:
        [found] = client.read_automations_by_name(name)
    return found.enabled


@pytest.mark.usefixtures("watching_api")
def test_they_are_created_once_updated_where_they_differ_and_stay_switched_off() -> None:
    assert notification_block("nobody") is None
    assert apply(tables(AUTOMATIONS, None)) == {Change.CREATED}
    assert apply(tables(AUTOMATIONS, None)) == {Change.UNCHANGED}
    with get_client(sync_client=True) as client:
        [halted] = client.read_automations_by_name("pgfleet: rollout halted")
        assert [each.type for each in halted.actions] == ["do-nothing"]
        client.pause_automation(halted.id)
        assert apply(map(soon, tables(AUTOMATIONS, None))) == {Change.UNCHANGED, Change.UPDATED}
        assert len(client.read_automations()) == len(AUTOMATIONS.automations)
    assert not enabled("pgfleet: rollout halted")
    assert enabled("pgfleet: new findings")


@pytest.mark.usefixtures("watching_api")
def test_they_act(fleet: Fleet, new_dsn: Callable[[], str], inbox: Inbox, records: Records) -> None:
    """All at once, since two of them wait for something not to happen."""
    sent = {"subject": "{{subject}}", "body": "{{body}}"}
    block = CustomWebhookNotificationBlock(name="test", url=inbox.url, json_data=sent)
    block.save(AUTOMATIONS.notify, overwrite=True)
    of_new_findings, *others = tables(AUTOMATIONS, notification_block(AUTOMATIONS.notify))
    apply(map(soon, [*others, of_new_findings]))
    until(lambda: inbox.about("probe: ") or _an_audit_ends("probe"))  # the server has loaded all once it has the last
    late, silent, ended = _a_late_run(), _a_run_that_gives_a_sign_of_life(), _a_run_that_gives_a_sign_of_life()
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(ended, Failed(name="Drifted"))
    fleet.environment = "watched"
    fleet.rings = ["main"]
    fleet.tenant("acme", new_dsn())
    state = audit_fleet("watched", granularity=Granularity.TENANT, return_state=True)
    assert state.name == "Drifted", state.message
    [new] = until(lambda: inbox.about("watched: 7 new"))
    assert "The audit of watched is Drifted. 1 tenant: 1 blocked." in new["body"]
    assert "- acme: no migration is applied" in new["body"]
    assert f"http://ui.internal/runs/flow-run/{state.state_details.flow_run_id}" in new["body"]
    until(lambda: inbox.about("watched: not audited for 26 hours"))
    until(lambda: inbox.about("A nightly audit did not start"))
    until(lambda: _state(records, silent) == "Crashed")
    assert _state(records, late) == "Cancelled"
    assert _state(records, ended) == "Drifted"


@flow
def _an_audit_ends(environment: str) -> None:
    resource = {"prefect.resource.id": f"pgfleet.environment.{environment}", "prefect.resource.name": environment}
    found = {"pgfleet.whole": "true", "pgfleet.new-findings": "true"}
    emit_event("pgfleet.audit.finished", resource={**resource, **found}, payload={"new": 1})


def _a_late_run() -> str:
    ensure_pool("nobody-works-here")
    name = deploy(next(deployments_of("watched", "UTC")), "nobody-works-here")
    with get_client(sync_client=True) as client:
        made = client.read_deployment_by_name(name)
        state = Scheduled(scheduled_time=datetime.now(UTC))
        return str(client.create_flow_run_from_deployment(made.id, state=state).id)


def _a_run_that_gives_a_sign_of_life() -> Any:
    """As Prefect's engine does, once."""

    @flow
    def lost() -> None:
        """Its process is gone."""

    with get_client(sync_client=True) as client:
        run = client.create_flow_run(lost, state=Running(), tags=["pgfleet"])
    tag = {"prefect.resource.id": "prefect.tag.pgfleet", "prefect.resource.role": "tag"}
    emit_event(
        "prefect.flow-run.heartbeat", resource={"prefect.resource.id": f"prefect.flow-run.{run.id}"}, related=[tag]
    )
    return run.id


def _state(records: Records, run_id: object) -> str:
    [found] = records.ask("/flow_runs/filter", flow_runs={"id": {"any_": [str(run_id)]}})
    return str(found["state_name"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"trigger": {"type": "event", "posture": "Proactive", "within": 1}}, "pgfleet: new findings: trigger"),
        ({"actions": [{"type": "shout"}]}, "pgfleet: new findings: actions"),
    ],
)
def test_an_invalid_automation_is_an_error_before_anything_is_changed(change: Mapping[str, Any], problem: str) -> None:
    first, *others = tables(AUTOMATIONS, None)
    with pytest.raises(ConfigurationError, match=problem):
        apply([*others, {**first, **change}])
