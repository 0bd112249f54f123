"""The audit's flow on a real fleet, as Prefect recorded it."""

import json
import shutil
import socket
from collections.abc import Callable
from datetime import datetime
from logging import ERROR
from pathlib import Path
from uuid import uuid4

import pytest
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.proxy import CuttingProxy
from fixtures.servers import Server
from prefect import State

from pgfleet.documents.audit import AuditDocument, TenantEntry, Verdict
from pgfleet.documents.findings import MigrationEntry
from pgfleet.flows.audit import audit_fleet
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.scratch import expected_catalog
from pgfleet.postgres.session import Session
from pgfleet.run import settings
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks import verify_migration
from pgfleet.tasks.support.results import AUDIT_DOCUMENT, load_result
from pgfleet.tasks.support.states import raw_result, tenant_state

pytestmark = pytest.mark.usefixtures("prefect_api")
SMALL = Path(__file__).parents[1] / "manifests" / "concurrently"


def run_audit(**parameters: object) -> tuple[State, AuditDocument]:
    """Each tenant in one task, unless it is said otherwise."""
    state = audit_fleet(ENVIRONMENT, **{"granularity": Granularity.TENANT, **parameters}, return_state=True)
    document = load_result(state.state_details.flow_run_id, AUDIT_DOCUMENT)
    assert document is not None, state.message
    return state, document


def by_name(document: AuditDocument) -> dict[str, str]:
    return {each.name: str(each.verdict) for each in document.tenants}


@pytest.fixture
def drifted_dsn(embedded_server: Server, ready_dsn: Callable[[], str]) -> str:
    dsn = ready_dsn()
    embedded_server.execute("DROP INDEX idx_ai_task_queue_status_schedule", dsn.rsplit("/", 1)[-1])
    return dsn


def test_a_fleet_that_is_ready_completes_ring_after_ring(
    fleet: Fleet, ready_dsn: Callable[[], str], records: Records
) -> None:
    fleet.tenant("late", ready_dsn()).tenant("first", ready_dsn(), ring="canary")
    state, document = run_audit()
    assert (state.type.value, state.message) == ("COMPLETED", "2 tenants: 2 ready")
    assert by_name(document) == {"late": "ready", "first": "ready"}
    assert document.run_id == str(state.state_details.flow_run_id)
    assert [each["name"] for each in records.children(document.run_id)] == ["wave 1 · canary", "wave 2 · main"]


def test_a_drifted_tenant_fails_the_run_by_name_and_no_other_tenant_at_either_granularity(
    fleet: Fleet, ready_dsn: Callable[[], str], drifted_dsn: str, records: Records
) -> None:
    fleet.tenant("acme", ready_dsn()).tenant("ember", drifted_dsn)
    state, document = run_audit(granularity=Granularity.STEP)
    assert (state.type.value, state.name) == ("FAILED", "Drifted")
    assert by_name(document) == {"acme": "ready", "ember": "blocked"}
    [wave] = records.children(document.run_id)
    assert (wave["name"], wave["state"]["name"], set(wave["tags"])) == (
        "wave 1 · main",
        "Drifted",
        {"env:test", "ring:main"},
    )
    states = {each["name"]: each["state"]["name"] for each in records.task_runs(wave["id"])}
    assert states["audit acme"] == "Ready"
    assert states["audit ember"] == "Blocked"
    assert states["verify 20250315 · acme"] == "Applied"
    assert states["verify 20250315 · ember"] == "Drifted"
    assert states["verify 20250328 · ember"] == "Applied"
    assert states["seed policy_rules · ember"] == "Present"
    assert states["count ai_messages · ember"] == "Completed"
    assert states["inspect · ember"] == "Completed"
    assert states["contracts · ember"] == states["contracts · acme"] == "Working"
    logged = [
        each["message"] for each in records.logs() if each["flow_run_id"] == wave["id"] and each["level"] >= ERROR
    ]
    assert [each for each in logged if each.startswith("Finished in state Blocked(")] != []
    assert all(each.startswith("Finished in state ") and len(each) < 500 for each in logged), "one short line a finding"
    _, by_tenant = run_audit(granularity=Granularity.TENANT, full=True)
    one, other = ([each.model_dump(exclude={"stamp"}) for each in found.tenants] for found in (document, by_tenant))
    assert one == other
    [wave] = records.children(by_tenant.run_id)
    assert {each["name"].split(" ")[0] for each in records.task_runs(wave["id"])} == {"identify", "expected", "audit"}


def test_a_finding_s_message_is_short_however_much_is_wrong() -> None:
    reason = "no answer; " * 1000
    state = tenant_state(TenantEntry(name="acme", ring=None, verdict=Verdict.UNREACHABLE, reason=reason))
    assert (len(state.message or ""), raw_result(state).reason) == (400, reason)


def test_a_service_that_may_not_do_its_work_is_named_where_every_migration_is_applied(
    fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server, records: Records
) -> None:
    role = embedded_server.create_role()
    fleet.policy(f'roles = {{"AgentAnalyticsLogger" = "{role}"}}').tenant("nadir", ready_dsn())
    _, document = run_audit(granularity=Granularity.STEP)
    assert by_name(document) == {"nadir": "degraded"}
    [wave] = records.children(document.run_id)
    [step] = [each for each in records.task_runs(wave["id"]) if each["name"] == "contracts · nadir"]
    said = f"AgentAnalyticsLogger cannot run 'log event' as {role}: permission denied for table agent_event_logs"
    assert (step["state"]["name"], step["state"]["message"]) == ("Broken", said)
    [row] = json.loads(records.artifact(f"audit-{ENVIRONMENT}")["data"])
    assert row["what is wrong"] == said


def test_names_that_a_tenant_gives_are_in_no_artifact_as_they_are(
    fleet: Fleet, embedded_server: Server, drifted_dsn: str, records: Records
) -> None:
    name = "\u202egnp.exe"
    embedded_server.execute(f'ALTER TABLE ai_messages ADD "{name}" text', drifted_dsn.rsplit("/", 1)[-1])
    fleet.tenant("ember", drifted_dsn)
    _, document = run_audit()
    found = [each["data"] for each in records.artifacts() if each["flow_run_id"] == document.run_id]
    assert sum("gnp.exe" in str(each) for each in found) > 1
    assert not any(name in str(each) for each in found)


def test_an_audit_of_selected_tenants_does_not_overwrite_the_artifacts_of_the_last_full_one(
    fleet: Fleet, ready_dsn: Callable[[], str], drifted_dsn: str, records: Records
) -> None:
    fleet.tenant("acme", ready_dsn()).tenant("Ember & Co", drifted_dsn)
    _, document = run_audit()
    [page] = [each for each in records.artifacts() if (each["key"] or "").startswith("tenant-test--ember-co---")]
    assert "CREATE INDEX idx_ai_task_queue_status_schedule" in page["data"]
    rows = json.loads(records.artifact(f"audit-{ENVIRONMENT}")["data"])
    ember = f"[Ember &amp; Co](/artifacts/artifact/{page['id']})"
    assert [(row["tenant"], row["verdict"]) for row in rows] == [(ember, "blocked"), ("acme", "ready")]
    assert rows[0]["what is wrong"] == "20250315 drifted: index public.idx_ai_task_queue_status_schedule is missing"
    summary = records.artifact(f"summary-{ENVIRONMENT}")["data"]
    assert "1 ready, 1 blocked" in summary
    assert "task queue worker" in summary, "the service that suffers"
    of_this_run = [each["key"] for each in records.artifacts() if each["flow_run_id"] == document.run_id]
    assert of_this_run
    assert "tenant-test--acme" not in of_this_run
    progress = records.artifact(f"progress-{ENVIRONMENT}")
    assert (float(progress["data"]), progress["description"]) == (100.0, "audit: 2 of 2 tenants")
    assert document.summary["blocked"] == 1
    run_audit(tenants=["acme"])
    assert json.loads(records.artifact(f"audit-{ENVIRONMENT}")["data"]) == rows
    chosen = json.loads(records.artifact(f"audit-{ENVIRONMENT}--selection")["data"])
    assert [row["tenant"] for row in chosen] == ["acme"]


def test_a_slow_server_delays_only_its_own_tenants(
    fleet: Fleet,
    ready_dsn: Callable[[], str],
    embedded_server: Server,
    cutting_proxy: Callable[[bytes], CuttingProxy],
    records: Records,
) -> None:
    """One never says a word; another is asked twice, since its first connection is cut."""
    cut = cutting_proxy(b"role_most")
    fleet.policy('connect_timeout = "2s"').tenant("acme", ready_dsn())
    fleet.tenant("slow", ready_dsn().replace(f":{embedded_server.cluster.port}/", f":{cut.port}/"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        fleet.tenant("lost", f"postgresql://x@127.0.0.1:{port}/x")
        _, document = run_audit()
        assert by_name(document) == {"acme": "ready", "slow": "ready", "lost": "unreachable"}
    [wave] = records.children(document.run_id)
    runs = {each["name"]: each for each in records.task_runs(wave["id"])}
    assert (cut.cuts, runs[f"identify 127.0.0.1:{cut.port}"]["run_count"]) == (1, 2)
    in_turn = ["audit acme", f"identify 127.0.0.1:{port}", "audit lost"]
    ended = {name: datetime.fromisoformat(runs[name]["end_time"]) for name in in_turn}
    assert sorted(ended, key=ended.__getitem__) == in_turn


def test_a_connection_that_is_cut_once_is_tried_again(
    fleet: Fleet,
    ready_dsn: Callable[[], str],
    embedded_server: Server,
    cutting_proxy: Callable[[bytes], CuttingProxy],
    records: Records,
) -> None:
    fleet.tenant("bolt", ready_dsn())
    run_audit()  # so that the expected catalog is known, and not made through the proxy
    proxy = cutting_proxy(b"AS is_managed")
    fleet.tenant("acme", ready_dsn().replace(f":{embedded_server.cluster.port}/", f":{proxy.port}/"))
    _, document = run_audit(granularity=Granularity.STEP)
    assert proxy.cuts == 1
    assert by_name(document)["acme"] == "ready"
    [wave] = records.children(document.run_id)
    runs = {each["name"]: each["run_count"] for each in records.task_runs(wave["id"])}
    assert (runs["inspect · acme"], runs["seed policy_rules · acme"]) == (2, 1)


def test_the_expected_catalog_is_made_once_and_then_taken_from_prefects_cache(
    fleet: Fleet, ready_dsn: Callable[[], str], records: Records, tmp_path: Path, embedded_server: Server
) -> None:
    manifest = copy_manifest(tmp_path)
    fleet.tenant("acme", ready_dsn())
    states = []
    for _ in range(2):
        settings.use(manifest=manifest)
        _, document = run_audit()
        [wave] = records.children(document.run_id)
        states += [each["state"]["name"] for each in records.task_runs(wave["id"]) if "expected" in each["name"]]
    assert states == ["Completed", "Cached"]
    with embedded_server.session("postgres") as session:
        [rows] = session.fetch(Query("SELECT datname FROM pg_database WHERE starts_with(datname, 'pgfleet_scratch')"))
    assert rows == []


def test_without_a_scratch_database_tenants_are_unknown_and_the_reason_says_what_to_configure(
    fleet: Fleet, ready_dsn: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest of its own, so that nothing is in the cache; a scratch_dsn that answers nobody; no embedded twin."""
    monkeypatch.setattr(expected_catalog, "binaries_major", lambda *_: 1)

    settings.use(manifest=copy_manifest(tmp_path))
    fleet.policy('scratch_dsn = "postgresql://nobody@127.0.0.1:1/nowhere"').tenant("acme", ready_dsn())
    state, document = run_audit()
    assert state.name == "Incomplete"
    assert by_name(document) == {"acme": "unknown"}
    assert "no scratch database" in (document.tenants[0].reason or "")


def test_an_internal_error_in_a_step_affects_only_its_tenant(
    fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours, not of the server's: no verdict may come of it, and no other tenant may suffer."""
    judge = verify_migration.audit_steps.verify

    def break_for_one(
        session: Session, context: RunContext, inspection: TenantInspection, version: str
    ) -> MigrationEntry:
        if session.dsn.text.endswith(broken.rsplit("/", 1)[-1]):
            raise ZeroDivisionError(session.dsn.text)
        return judge(session, context, inspection, version)

    broken = ready_dsn()
    monkeypatch.setattr(verify_migration.audit_steps, "verify", break_for_one)
    fleet.tenant("acme", ready_dsn()).tenant("broken", broken)
    state, document = run_audit(granularity=Granularity.STEP)
    assert state.name == "Incomplete"
    assert by_name(document) == {"acme": "ready", "broken": "unknown"}
    reason = document.tenants[1].reason or ""
    assert "ZeroDivisionError" in reason
    assert embedded_server.cluster.password not in reason


def copy_manifest(folder: Path) -> Path:
    """A small manifest elsewhere, with a check more so that its checksum is its own."""
    path = shutil.copytree(SMALL, folder / "small") / "manifest.toml"
    check = f'\n[[migrations.checks]]\nname = "{uuid4()}"\nquery = "SELECT 1"\nreturns = [[1]]\n'
    path.write_text(path.read_text(encoding="utf-8") + check, encoding="utf-8")
    return path
