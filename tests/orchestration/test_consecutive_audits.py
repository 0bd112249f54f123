"""Consecutive audits through Prefect: what earlier runs found is read from artifacts."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fixtures.fleet import Fleet
from fixtures.prefect import Records
from fixtures.servers import Server
from prefect import State

from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.documents.audit_context import Source
from pgfleet.errors import ConfigurationError
from pgfleet.flows.audit import audit_fleet
from pgfleet.flows.rollout import rollout_fleet
from pgfleet.run.context import Granularity
from pgfleet.tasks.support.results import AUDIT_DOCUMENT, ROLLOUT_DOCUMENT, load_result

pytestmark = pytest.mark.usefixtures("prefect_api")

DROP = "DROP INDEX idx_ai_task_queue_status_schedule"
CREATE = "CREATE INDEX idx_ai_task_queue_status_schedule ON ai_task_queue (status, scheduled_for)"
INDEX = "public.idx_ai_task_queue_status_schedule"
QUICK = {"granularity": Granularity.TENANT}
TODAY = datetime.now(UTC).date()


@pytest.fixture
def environment(fleet: Fleet, request: pytest.FixtureRequest) -> str:
    """Of the test's own: what was audited before under another test's name is none of its past."""
    name = request.node.name.replace("_", "-")[:60].strip("-")
    fleet.environment = name
    return name


def run_audit(environment: str, **parameters: object) -> tuple[State, AuditDocument]:
    state = audit_fleet(environment, **{**QUICK, **parameters}, return_state=True)
    document = load_result(state.state_details.flow_run_id, AUDIT_DOCUMENT)
    assert document is not None, state.message
    return state, document


def database(dsn: str) -> str:
    return dsn.rsplit("/", 1)[-1]


def acceptance(until: object, **keys: str) -> str:
    given = {"tenant": "ember", "kind": "index", "identity": "public.idx_*", "owner": "ana", "reason": "being rebuilt"}
    pairs = ", ".join(f'{key} = "{value}"' for key, value in (given | keys).items())
    return f"accept = [{{{pairs}, until = {until}}}]"


@pytest.mark.usefixtures("first_migration")
def test_a_drift_appears_persists_and_is_resolved(
    environment: str, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server, records: Records
) -> None:
    dsn = ready_dsn()
    fleet.policy('timezone = "Europe/Berlin"').tenant("acme", ready_dsn()).tenant("ember", dsn)
    _, first = run_audit(environment)
    assert (first.since, first.is_first) == (None, True), "nothing to compare with"

    embedded_server.execute(DROP, database(dsn))
    _, second = run_audit(environment)
    assert second.since is not None
    assert not second.is_first
    assert (second.since.previous_run_id, second.since.source) == (first.run_id, Source.PREFECT)
    [new] = second.since.new
    assert (new.tenant, new.kind, new.identity, new.change, new.since) == (
        "ember",
        "index",
        INDEX,
        "missing",
        second.finished_at,
    )
    summary = records.artifact(f"summary-{environment}")["data"]
    assert "1 new, 0 persisting, 0 resolved" in summary
    assert summary.index("ember: index") < summary.index("## Blocked")
    rows = json.loads(records.artifact(f"variants-{environment}")["data"])
    assert {row["what differs"]: row["tenants"] for row in rows} == {
        "": "1",
        "index idx_ai_task_queue_status_schedule missing": "1",
    }

    _, third = run_audit(environment, tenants=["ember"])
    assert third.since is not None
    assert (third.since.new, third.since.persisting, third.since.resolved) == ((), 1, ())
    [difference] = third.tenants[0].migrations[0].differences
    assert difference.since == second.finished_at
    [row] = json.loads(records.artifact(f"audit-{environment}--selection")["data"])
    assert row["since"].startswith(f"since {second.finished_at:%Y-}")

    embedded_server.execute(CREATE, database(dsn))
    _, fourth = run_audit(environment)
    assert fourth.since is not None
    assert fourth.since.previous_run_id == second.run_id, "an audit of chosen tenants is not the previous one"
    assert (fourth.since.new, fourth.since.persisting) == ((), 0)
    [resolved] = fourth.since.resolved
    assert (resolved.tenant, resolved.identity, resolved.since) == ("ember", INDEX, second.finished_at)


def test_a_rollout_does_not_fix_an_accepted_difference(
    environment: str, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server
) -> None:
    dsn = ready_dsn()
    embedded_server.execute(DROP, database(dsn))
    fleet.policy(acceptance(TODAY + timedelta(days=2))).tenant("ember", dsn)
    state = rollout_fleet(environment, **QUICK, return_state=True)
    document = load_result(state.state_details.flow_run_id, ROLLOUT_DOCUMENT)
    assert document is not None, state.message
    assert document.tenants[0].result == "done", "it adopts the other migrations"
    _, audit = run_audit(environment)
    [difference] = audit.tenants[0].migrations[0].differences
    assert (difference.identity, difference.change) == (INDEX, "missing")


def test_a_file_that_is_no_audit_document_ends_the_run_before_any_tenant_is_audited(
    environment: str, fleet: Fleet, ready_dsn: Callable[[], str], tmp_path: Path, records: Records
) -> None:
    fleet.tenant("ember", ready_dsn())
    (tmp_path / "audit.json").write_text("{}", encoding="utf-8")
    state = audit_fleet(environment, since_file=str(tmp_path / "audit.json"), **QUICK, return_state=True)
    assert state.type.value == "FAILED"
    assert records.children(str(state.state_details.flow_run_id)) == []
    with pytest.raises(ConfigurationError, match="is no audit document"):
        state.result()


@pytest.mark.usefixtures("first_migration")
def test_the_catalog_of_an_unchanged_tenant_is_not_read_again(
    environment: str, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server
) -> None:
    changing = ready_dsn()
    fleet.policy('timezone = "UTC"').tenant("acme", ready_dsn()).tenant("ember", changing)
    _, first = run_audit(environment)
    embedded_server.execute(DROP, database(changing))
    _, second = run_audit(environment)
    _, third = run_audit(environment, full=True)
    acme, ember = zip(*([*each.tenants] for each in (first, second, third)), strict=True)
    since = f"{acme[0].stamp.read_at:%Y-%m-%dT%H:%M:%SZ}"
    assert [each.read for each in acme] == ["full", f"unchanged since {since}", "full"]
    assert [each.read for each in ember] == ["full"] * 3
    assert [each.verdict for each in ember] == [Verdict.READY, Verdict.BLOCKED, Verdict.BLOCKED]


def test_what_a_rollout_leaves_is_not_read_again(
    environment: str, fleet: Fleet, ready_dsn: Callable[[], str], new_dsn: Callable[[], str], embedded_server: Server
) -> None:
    dsn = ready_dsn()
    fleet.tenant("acme", dsn).tenant("nova", new_dsn())
    state = rollout_fleet(environment, **QUICK, return_state=True)
    assert state.name == "Completed"
    _, audit = run_audit(environment)
    assert [each.read.split(" ")[0] for each in audit.tenants if each.read] == ["unchanged", "unchanged"]
    embedded_server.execute(DROP, database(dsn))
    _, audit = run_audit(environment)
    assert [(each.name, each.read) for each in audit.tenants if each.read == "full"] == [("acme", "full")]
