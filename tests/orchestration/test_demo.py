"""The demo, run from the wheel, finds every injected fault, attributes it to its migration, and finds nothing else."""

import sys
from io import StringIO
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace

import pytest
from fixtures.prefect import Records
from fixtures.wheel import Installed
from rich.console import Console

from pgfleet.cli.demo import _explain_kept
from pgfleet.cli.output import PLAIN_WIDTH
from pgfleet.documents.audit import AuditDocument
from pgfleet.postgres.embedded.demo_fleet import DEMO_TENANTS
from pgfleet.reports.render import terminal
from pgfleet.reports.views.audit import audit_view
from pgfleet.run.files import load_manifest
from pgfleet.run.shipped import sql_folder

INJECTED = {
    "ember": [("20250315", "index", "public.idx_ai_task_queue_status_schedule", "missing")],
    "fjord": [("20250401", "column", "ai_guardrails.policy_rules.company_deny_list", "missing")],
    "gale": [("20250315", "trigger", "public.ai_conversations.trg_ai_conversations_updated_at", "changed")],
    "harbor": [("20250315", "column", "public.ai_messages.content", "changed")],
    "iris": [("20250330000000", "index", "public.idx_agent_event_logs_tool", "changed")],
}
PENDING = {
    "cobalt": ["20250315", "20250328", "20250330", "20250321", "20250330000000", "20250331", "20250401"],
    "dynamo": ["20250321", "20250330000000"],
}
REMEDIES = {
    "cobalt": "pgfleet rollout demo --tenant cobalt",
    "dynamo": "pgfleet rollout demo --tenant dynamo",
    "ember": "reapplying 20250315 restores it",
    "fjord": "its values are lost: restore them from a backup",
    "gale": "reapplying 20250315 fixes it",
    "harbor": "ALTER TABLE ai_messages ALTER COLUMN content TYPE text USING content::text",
    "iris": "pgfleet repair demo --tenant iris",
}
MOST_LINES = 150
"""What the demo prints fits on a few screens."""
UNEXPECTED = {
    "borealis": ["public.ai_conversations.ai_conversations_user_id_fkey"],
    "juniper": ["public.ai_messages.sentiment"],
}


def test_the_demo_finds_each_injected_fault_and_nothing_else(
    prefect_api: str, records: Records, installed: Installed
) -> None:
    done = installed.run("demo", PREFECT_API_URL=prefect_api)
    assert done.returncode == 0, done.stdout + done.stderr
    document = audit_document(records, 0)
    assert {each.name: each.verdict for each in document.tenants} == {each.name: each.verdict for each in DEMO_TENANTS}
    for tenant in document.tenants:
        drifted = [each for each in tenant.migrations if each.status == "drifted"]
        found = [(each.version, one.kind, one.identity, one.change) for each in drifted for one in each.differences]
        assert found == INJECTED.get(tenant.name, []), tenant.name
        pending = [each.version for each in tenant.migrations if each.status == "pending"]
        assert pending == PENDING.get(tenant.name, []), tenant.name
        assert [each.identity for each in tenant.unexpected] == UNEXPECTED.get(tenant.name, []), tenant.name
    seeds = {each.name: str(each.seeds[0].status) for each in document.tenants if each.seeds}
    assert {name for name, status in seeds.items() if status != "present"} == {"cobalt", "kestrel"}
    after = audit_document(records, 1)
    assert {each.name: each.verdict for each in after.tenants} == {
        each.name: each.verdict_after_rollout for each in DEMO_TENANTS
    }
    repaired = audit_document(records, 2)
    assert {each.name: each.verdict for each in repaired.tenants} == {
        each.name: "ready" for each in DEMO_TENANTS if each.is_repaired
    }
    report = printed(document)
    for name, remedy in REMEDIES.items():
        assert remedy in told_of(name, report), name
    assert REMEDIES["ember"] in told_of("ember", done.stdout)
    assert len(done.stdout.splitlines()) < MOST_LINES
    assert "Completed: 2 tenants: 2 repaired" in done.stdout
    assert "Every audit found the injected faults and nothing else" in done.stdout
    assert "http" in done.stdout.split("To see the runs")[1], "where to look at it"


def printed(document: AuditDocument) -> str:
    """The report of an audit at a terminal."""
    console = Console(file=StringIO(), width=PLAIN_WIDTH)
    console.print(terminal.render(audit_view(document, load_manifest(sql_folder() / "manifest.toml"))))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def told_of(tenant: str, report: str) -> str:
    """The findings of a tenant in an audit's report, on one line."""
    rest = report.split(f"\n  {tenant}\n", maxsplit=1)[1].splitlines()
    return " ".join(" ".join(takewhile(lambda line: line.startswith("   "), rest)).split())


@pytest.mark.parametrize("is_on_path", [True, False])
def test_a_command_to_be_copied_can_be_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_on_path: bool
) -> None:
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(folder if is_on_path else tmp_path))
    _explain_kept(SimpleNamespace(port=1, host="/there"), 1, tmp_path)  # type: ignore[arg-type]
    command = next(line for line in capsys.readouterr().out.splitlines() if " audit demo" in line).split()[0]
    assert command == ("pgfleet" if is_on_path else str(folder / "pgfleet"))


def audit_document(records: Records, number: int) -> AuditDocument:
    """Of the first audit, of the one after the rollout, or of the one after the repair."""
    runs = records.ask(
        "/flow_runs/filter",
        flow_runs={"tags": {"all_": ["env:demo"]}, "name": {"like_": "audit demo"}},
        sort="START_TIME_ASC",
    )
    assert len(runs) == 3
    wanted = {"flow_run_id": {"any_": [runs[number]["id"]]}, "type": {"any_": ["result"]}}
    [found] = records.ask("/artifacts/filter", artifacts=wanted)
    return AuditDocument.model_validate_json(found["data"])
