"""Consecutive audits of a fleet, without Prefect: variants, lost rows, accepted differences, and audits in files."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fixtures.command import PGFLEET, Done, run_here
from fixtures.fleet import Fleet
from fixtures.servers import Server

from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.documents.audit_context import AcceptanceState, Source
from pgfleet.run import settings

DROP = "DROP INDEX idx_ai_task_queue_status_schedule"
INDEX = "public.idx_ai_task_queue_status_schedule"
TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="session")
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keeps the expected catalogs for all tests; each test has a fleet file of its own, and so audits of its own."""
    return tmp_path_factory.mktemp("state")


class LocalAudit:
    """Runs `pgfleet audit --local` with the test's fleet file."""

    def __init__(self, fleet: Fleet, folder: Path, state_folder: Path) -> None:
        self.fleet = fleet
        self.folder = folder
        self.state_folder = state_folder

    def __call__(self, *arguments: str) -> Done:
        """The exit status and the output."""
        command = [str(PGFLEET), "--config", str(self.fleet.file), "--manifest", settings.EXAMPLE]
        variables = {"PGFLEET_STATE": str(self.state_folder), "COLUMNS": "200"}
        return run_here([*command, "audit", self.fleet.environment, "--local", *arguments], self.folder, **variables)

    def document(self, *arguments: str) -> AuditDocument:
        done = self("--format", "json", *arguments)
        assert done.stdout, done.stderr
        return AuditDocument.model_validate_json(done.stdout)


@pytest.fixture
def audit(fleet: Fleet, tmp_path: Path, state_folder: Path) -> LocalAudit:
    fleet.environment = "consecutive"  # with the default row_loss
    return LocalAudit(fleet, tmp_path, state_folder)


def database(dsn: str) -> str:
    return dsn.rsplit("/", 1)[-1]


def acceptance(until: object) -> str:
    keys = 'tenant = "ember", kind = "index", identity = "public.idx_*", owner = "ana", reason = "being rebuilt"'
    return f"accept = [{{{keys}, until = {until}}}]"


def test_tenants_with_the_same_differences_are_one_variant(
    audit: LocalAudit, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server
) -> None:
    for name in ("ember", "fjord"):
        dsn = ready_dsn()
        embedded_server.execute(DROP, database(dsn))
        fleet.tenant(name, dsn)
    fleet.tenant("acme", ready_dsn())
    assert [(each.name, each.tenants, each.expected) for each in audit.document().variants] == [
        ("variant A", ("ember", "fjord"), False),
        ("as expected", ("acme",), True),
    ]


def test_a_table_that_lost_rows_is_a_finding_with_both_figures(
    audit: LocalAudit, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server
) -> None:
    dsn = ready_dsn()
    embedded_server.execute("INSERT INTO ai_conversations (user_id) SELECT generate_series(1, 100)", database(dsn))
    fleet.policy('row_loss = "5%"').tenant("acme", dsn)
    before = audit("--format", "json", "--output", "before.json")
    assert (before.returncode, before.stdout) == (0, ""), "the report is in the file"
    assert before.stderr.splitlines()[-1] == "1 tenant: 1 ready; the result is in before.json"
    embedded_server.execute("DELETE FROM ai_conversations WHERE user_id > 40", database(dsn))
    [tenant] = audit.document().tenants
    [loss] = tenant.losses
    assert (loss.before, loss.now, loss.allowed, loss.exact, tenant.verdict) == (100, 40, 5, True, Verdict.READY)
    done = audit("--since", "before.json")
    assert done.returncode == 1, done.stderr
    assert "0 new, 0 persisting, 0 resolved" in done.stdout
    assert "rows lost in acme: ai_conversations has 40 rows, previously 100 (allowed loss 5)" in done.stdout


def test_an_accepted_difference_audits_ready_and_an_expired_one_blocks_again(
    audit: LocalAudit, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server
) -> None:
    dsn = ready_dsn()
    embedded_server.execute(DROP, database(dsn))
    fleet.policy(acceptance(TODAY + timedelta(days=2))).tenant("ember", dsn)
    document = audit.document()
    assert document.tenants[0].verdict is Verdict.READY
    assert [(each.state, each.matches) for each in document.accepted] == [(AcceptanceState.ACTIVE, 1)]

    fleet.replace_policy(acceptance(TODAY - timedelta(days=2)))
    document = audit.document()
    assert document.tenants[0].verdict is Verdict.BLOCKED
    assert [(each.state, each.matches) for each in document.accepted] == [(AcceptanceState.EXPIRED, 1)]
    assert document.since is not None
    assert [each.identity for each in document.since.new] == [INDEX], "it counts from now on"


def test_an_audit_in_a_file_replaces_the_last_audit_in_the_comparison(
    audit: LocalAudit, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server, tmp_path: Path
) -> None:
    dsn = ready_dsn()
    fleet.tenant("ember", dsn)
    first = audit.document()
    file = tmp_path / "audit.json"
    file.write_text(first.model_dump_json(), encoding="utf-8")
    embedded_server.execute(DROP, database(dsn))
    audit.document()
    document = audit.document("--since", str(file))
    assert document.since is not None
    assert (document.since.previous_run_id, document.since.source) == (first.run_id, Source.FILE)
    assert [each.identity for each in document.since.new] == [INDEX]
    other = first.manifest.model_copy(update={"checksum": "", "migrations": ("1",), "scripts": ("",)})
    file.write_text(first.model_copy(update={"manifest": other}).model_dump_json(), encoding="utf-8")
    document = audit.document("--since", str(file))
    assert (document.since, document.is_first) == (None, True), "an audit of another manifest"


def test_a_drifted_tenant_exits_with_1_and_its_report_is_plain_text(
    audit: LocalAudit, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server
) -> None:
    dsn = ready_dsn()
    embedded_server.execute("DROP INDEX idx_ai_messages_conversation", database(dsn))
    fleet.tenant("acme", ready_dsn()).tenant("ember", dsn)
    done = audit()
    assert done.returncode == 1, done.stderr
    assert "index public.idx_ai_messages_conversation is missing" in done.stdout
    assert "\nBlocked: the AI assistant cannot start or does not work\n  ember\n" in done.stdout
    assert "\x1b[" not in done.stdout, "no escape sequences without a terminal"


def test_only_the_selected_tenants_are_audited(audit: LocalAudit, fleet: Fleet, ready_dsn: Callable[[], str]) -> None:
    fleet.tenant("acme", ready_dsn(), ring="canary").tenant("lost", "postgresql://x@127.0.0.1:1/x")
    assert audit("--tenant", "a*", "--ring", "canary").returncode == 0


def test_an_unreachable_tenant_exits_with_3_which_outranks_1(
    audit: LocalAudit, fleet: Fleet, embedded_server: Server, new_dsn: Callable[[], str]
) -> None:
    wrong = embedded_server.cluster.dsn(password="not-it")
    fleet.tenant("empty", new_dsn()).tenant("lost", "postgresql://x@127.0.0.1:1/x").tenant("wrong", wrong)
    done = audit()
    assert done.returncode == 3, done.stderr
    assert "\nUnreachable: could not connect\n  lost" in done.stdout
    assert "no migration is applied" in done.stdout
    assert "password authentication failed" in done.stdout
    document = audit.document()
    assert {each.name: str(each.unreachable_because) for each in document.tenants if each.reason} == {
        "lost": "refused",
        "wrong": "wrong_password",
    }
