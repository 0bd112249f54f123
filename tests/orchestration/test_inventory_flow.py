"""Fleets that are found in an inventory, as the flows see them."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.servers import Server
from prefect import Flow, State
from pydantic import TypeAdapter

from pgfleet.documents.plan import Scope
from pgfleet.documents.repair import RepairMode
from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.flows.audit import audit_fleet
from pgfleet.flows.audit_wave import audit_wave
from pgfleet.flows.count import count_fleet
from pgfleet.flows.count_wave import count_wave
from pgfleet.flows.plan_wave import plan_wave
from pgfleet.flows.repair import repair_fleet
from pgfleet.flows.repair_wave import repair_wave
from pgfleet.flows.rollout import rollout_fleet
from pgfleet.flows.watch_wave import watch_wave
from pgfleet.run.context import Granularity
from pgfleet.run.progress import listening
from pgfleet.tasks.support.results import (
    AUDIT_DOCUMENT,
    COUNT_DOCUMENT,
    COUNTED,
    ENTRIES,
    PLANS,
    REPAIR_DOCUMENT,
    REPAIRS,
    ROLLOUT_DOCUMENT,
    WATCHED,
    load_result,
)

Form = TypeVar("Form")

pytestmark = pytest.mark.usefixtures("prefect_api")

GONE = "it existed when the run started, and is not in "
CONTROL = """
CREATE TABLE tenants (name text PRIMARY KEY, dbname text, ring text, state text, region text);
INSERT INTO tenants VALUES
  ('acme', '{acme}', 'canary', 'active', 'eu'),
  ('borealis', '{borealis}', 'main', 'active', 'us'),
  ('cobalt', NULL, 'main', 'Suspended', 'eu'),
  ('dynamo', NULL, 'canary', 'provisioning', 'us');
"""


class ControlPlane:
    """The database in which the fleet's tenants are written down."""

    def __init__(self, server: Server, database: str) -> None:
        self.server, self.database = server, database

    def execute(self, sql: str) -> None:
        self.server.execute(sql, self.database)


@pytest.fixture
def control(fleet: Fleet, embedded_server: Server, ready_dsn: Callable[[], str]) -> Iterator[ControlPlane]:
    """A fleet of two ready tenants, with one that is suspended and one that is being made."""
    databases = {name: ready_dsn().rsplit("/", 1)[-1] for name in ("acme", "borealis")}
    plane = ControlPlane(embedded_server, embedded_server.create_database())
    plane.execute(CONTROL.format(**databases))
    dsn = embedded_server.cluster.dsn(plane.database)
    fleet.policy("failure_budget = {main = 9, canary = 9}")
    fleet.policy(f'inventory = {{kind = "query", dsn = "{dsn}", query = "SELECT * FROM tenants ORDER BY name"}}')
    yield plane
    embedded_server.drop_database(plane.database)


def left(flow: Flow, form: TypeAdapter[Form], *arguments: object, **parameters: object) -> tuple[State, Form]:
    """The final state of a run, and what it left."""
    state = flow(*arguments, **parameters, return_state=True)
    found = load_result(state.state_details.flow_run_id, form)
    assert found is not None, state.message
    return state, found


def test_an_audit_finds_its_tenants_and_lists_skipped_ones(control: ControlPlane, records: Records) -> None:
    state, document = left(audit_fleet, AUDIT_DOCUMENT, ENVIRONMENT, granularity="tenant")
    assert (state.type.value, state.message) == ("COMPLETED", "2 tenants: 2 ready")
    assert [(each.name, each.ring, each.verdict) for each in document.tenants] == [
        ("acme", "canary", "ready"),
        ("borealis", "main", "ready"),
    ]
    assert [(each.name, each.reason) for each in document.skipped] == [
        ("cobalt", "its state is Suspended"),
        ("dynamo", "its state is provisioning"),
    ]
    assert (document.summary["tenants"], document.summary["skipped"]) == (2, 2)
    assert "2 tenants skipped: cobalt (its state is Suspended); dynamo" in str(
        records.artifact(f"summary-{ENVIRONMENT}")["data"]
    )


def test_labels_choose_tenants(control: ControlPlane) -> None:
    _, audited = left(audit_fleet, AUDIT_DOCUMENT, ENVIRONMENT, labels=["region=eu"], granularity="tenant")
    assert ([each.name for each in audited.tenants], [each.name for each in audited.skipped]) == (["acme"], ["cobalt"])
    _, counted = left(count_fleet, COUNT_DOCUMENT, ENVIRONMENT, labels=["region=u*"])
    assert [each.name for each in counted.tenants] == ["borealis"]
    assert [(each.name, each.reason) for each in counted.skipped] == [("dynamo", "its state is provisioning")]
    assert counted.summary == {"tenants": 1, "counted": 1, "uncounted": 0, "skipped": 1}


def test_the_form_rejects_a_malformed_label(control: ControlPlane) -> None:
    state = audit_fleet(ENVIRONMENT, labels=["region"], return_state=True)
    assert "labels" in (state.message or "")
    assert state.type.value == "FAILED"


class Meanwhile:
    """Does something to the control plane when the plan is made, before the first ring begins."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act

    def begin(self, phase: str, tenants: int) -> None: ...

    def finish(self, tenant: str, said: str) -> None: ...

    def plan(self, plan: RolloutPlan) -> None:
        self.act()


def test_a_tenant_that_disappears_during_a_rollout_is_reported(control: ControlPlane) -> None:
    def act() -> None:
        control.execute("DELETE FROM tenants WHERE name = 'acme'")
        control.execute("UPDATE tenants SET state = 'suspended' WHERE name = 'borealis'")

    with listening(Meanwhile(act)):
        choice = {"labels": ["region=*"], "granularity": "tenant"}
        _, document = left(rollout_fleet, ROLLOUT_DOCUMENT, ENVIRONMENT, **choice)
    assert ([each.name for each in document.skipped], document.summary["skipped"]) == (["cobalt", "dynamo"], 2)
    results = {each.name: (each.ring, each.result, each.reason) for each in document.tenants}
    assert results["acme"][:2] == ("canary", "failed")
    assert (results["acme"][2] or "").startswith(GONE)
    assert results["borealis"] == (
        "main",
        "failed",
        "it existed when the run started, and is skipped now: its state is suspended",
    )


@pytest.mark.parametrize(
    ("wave", "form", "more"),
    [
        (audit_wave, ENTRIES, (Granularity.TENANT,)),
        (count_wave, COUNTED, ()),
        (plan_wave, PLANS, (Scope(), Granularity.TENANT)),
        (watch_wave, WATCHED, (0.0,)),
    ],
    ids=["audit", "count", "plan", "watch"],
)
def test_a_wave_continues_when_one_of_its_tenants_has_disappeared(
    control: ControlPlane, wave: Flow, form: TypeAdapter, more: tuple[object, ...]
) -> None:
    _, found = left(wave, form, ENVIRONMENT, "canary", 1, ["gone", "acme"], *more)
    by_name: dict[str, object] = {}
    for each in found:
        by_name.setdefault(getattr(each, "name", None) or each.tenant, each)
    assert list(by_name) == ["gone", "acme"]
    gone, acme = by_name.values()
    assert GONE in str(gone)
    assert GONE not in str(acme)
    assert getattr(gone, "ring", "canary") == "canary"


def test_a_repair_says_who_of_the_chosen_was_skipped(control: ControlPlane) -> None:
    _, document = left(repair_fleet, REPAIR_DOCUMENT, ENVIRONMENT, ["*"], labels=["region=eu"])
    assert ([each.name for each in document.tenants], [each.name for each in document.skipped]) == (
        ["acme"],
        ["cobalt"],
    )


def test_a_repair_reports_a_tenant_that_has_disappeared(control: ControlPlane) -> None:
    digests = {"gone": "none", "acme": "none"}
    _, found = left(
        repair_wave, REPAIRS, ENVIRONMENT, "main", 1, [*digests], digests, digests, "0" * 32, RepairMode.PLAN
    )
    assert [(each.name, each.result) for each in found] == [("gone", "failed"), ("acme", "unchanged")]
    assert found[0].error is not None
    assert GONE in found[0].error.message


def test_a_control_plane_that_stops_answering_leaves_its_tenants_unknown_and_says_why(control: ControlPlane) -> None:
    """The audit begins, and the table is gone when its first wave asks again."""

    class Breaking(Meanwhile):
        def begin(self, phase: str, tenants: int) -> None:
            self.act()

    with listening(Breaking(lambda: control.execute("ALTER TABLE tenants RENAME TO moved"))):
        state, document = left(audit_fleet, AUDIT_DOCUMENT, ENVIRONMENT, granularity="tenant")
    assert state.name == "Incomplete"
    assert {each.verdict for each in document.tenants} == {"unknown"}
    assert all('relation "tenants" does not exist' in (each.reason or "") for each in document.tenants)


def test_a_server_that_does_not_answer_fails_the_run_before_anything_is_audited(fleet: Fleet) -> None:
    fleet.tenant("listed", "postgresql://x@127.0.0.1:1/x")
    fleet.policy('inventory = {kind = "databases", dsn = "postgresql://x@127.0.0.1:1/x", like = "%"}')
    state = audit_fleet(ENVIRONMENT, return_state=True)
    assert state.type.value == "FAILED"
    assert "the tenants are unknown" in (state.message or "")
    assert load_result(state.state_details.flow_run_id, AUDIT_DOCUMENT) is None
