"""What is written of a run: in each format that is asked for, and where the environment keeps its pages and figures."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from junitparser import JUnitXml
from justhtml import JustHTML
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from unit.literals import a_document, a_manifest, a_migration, a_tenant_entry, an_environment
from unit.rollout_literals import a_result, a_rollout

from pgfleet.cli.options import AuditFormat, RolloutFormat
from pgfleet.cli.output import write_audit, write_rollout
from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.errors import PgfleetError
from pgfleet.flows.audit import audit_fleet
from pgfleet.flows.rollout import rollout_fleet
from pgfleet.run.context import Granularity, RunContext

BRIEF = RunContext(a_manifest(a_migration()), an_environment(), run="")
AUDIT, ROLLOUT = a_document(a_tenant_entry("acme")), a_rollout(a_result("acme"))


def read_figures(text: str) -> float:
    """How many tenants there are, of whatever verdict."""
    families = {each.name: each.samples for each in text_string_to_metric_families(text)}
    return sum(each.value for each in families["pgfleet_tenants"])


READERS: dict[str, Callable[[str], object]] = {
    "json": AuditDocument.model_validate_json,
    "html": lambda text: JustHTML(text, strict=True, sanitize=False).query("#map tbody a")[0].to_text() == "acme",
    "junit": lambda text: JUnitXml.fromstring(text.encode()).tests,
    "openmetrics": read_figures,
    "markdown": lambda text: text.startswith("# "),
    "table": lambda text: "acme" in text,
}


@pytest.mark.parametrize("chosen", AuditFormat)
def test_an_audit_is_written_in_each_format_and_read_back(chosen: AuditFormat, tmp_path: Path) -> None:
    file = tmp_path / "report"
    write_audit(AUDIT, BRIEF, chosen, file)
    assert READERS[chosen](file.read_text(encoding="utf-8"))
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("chosen", RolloutFormat)
def test_a_rollout_is_written_in_each_format_and_read_back(chosen: RolloutFormat, tmp_path: Path) -> None:
    file = tmp_path / "report"
    write_rollout(ROLLOUT, BRIEF, chosen, file)
    read = RolloutDocument.model_validate_json if chosen is RolloutFormat.JSON else READERS[chosen]
    assert read(file.read_text(encoding="utf-8"))


def test_standard_output_holds_the_report_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    write_audit(AUDIT, BRIEF, AuditFormat.OPENMETRICS, None)
    assert read_figures(capsys.readouterr().out) == 1


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PgfleetError, match=r"--output: .*: cannot be written: Not a directory"):
        write_audit(AUDIT, BRIEF, AuditFormat.HTML, tmp_path / "file" / "report.html")


def test_an_unknown_format_exits_with_2(pgfleet: CommandLine, fleet: Fleet) -> None:
    fleet.tenant("acme", "postgresql://x@127.0.0.1:1/x")
    done = pgfleet("rollout", ENVIRONMENT, "--format", "openmetrics")
    assert done.returncode == 2
    assert "openmetrics" in done.stderr


@pytest.mark.usefixtures("first_migration")
def test_runs_leave_their_pages_and_figures_where_the_environment_keeps_them(
    fleet: Fleet, ready_dsn: Callable[[], str], records: Records, tmp_path: Path
) -> None:
    fleet.policy('report_dir = "reports"').policy('metrics_dir = "figures"')
    fleet.policy('report_url = "https://pgfleet.example.com/"').tenant("acme", ready_dsn())
    audit = audit_fleet(ENVIRONMENT, granularity=Granularity.TENANT, return_state=True)
    dry_run = rollout_fleet(ENVIRONMENT, granularity=Granularity.TENANT, dry_run=True, return_state=True)
    run_id = str(audit.state_details.flow_run_id)
    assert (audit.type.value, dry_run.type.value) == ("COMPLETED", "COMPLETED")
    pages = sorted(each.name for each in (tmp_path / "reports").iterdir())
    [own] = [each for each in pages if each.endswith(f"-{run_id[:8]}.html")]
    assert len(pages) == 6
    assert {"audit-test.html", "dry-run-test.html", "audits-test.json", "index.html"} <= set(pages)
    assert f'href="{own}"' in (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    latest = (tmp_path / "reports" / "audit-test.html").read_text(encoding="utf-8")
    assert run_id in latest
    assert latest == (tmp_path / "reports" / own).read_text(encoding="utf-8")
    assert read_figures((tmp_path / "figures" / "pgfleet-test.prom").read_text(encoding="utf-8")) == 1
    assert f"HTML report of this run: {tmp_path / 'reports' / own}" in records.artifact("summary-test")["data"].replace(
        "\\", ""
    )
    link = records.artifact("page-audit-test")
    assert (link["type"], f"(https://pgfleet.example.com/{own})" in link["data"]) == ("markdown", True)


@pytest.mark.parametrize("key", ["report_dir", "metrics_dir"])
def test_a_folder_that_cannot_be_written_is_one_line_before_the_run_starts(
    fleet: Fleet, pgfleet: CommandLine, tmp_path: Path, key: str
) -> None:
    (tmp_path / "file").touch()
    fleet.policy(f'{key} = "{tmp_path}/file/reports"').tenant("acme", "postgresql://x@127.0.0.1:1/x")
    done = pgfleet("audit", ENVIRONMENT)
    problem = f"{tmp_path}/file/reports cannot be written: Not a directory"
    assert (done.returncode, done.stderr) == (2, f"pgfleet: {fleet.file}: environments.test.{key}: {problem}\n")


@pytest.mark.parametrize(
    ("output", "problem"),
    [("/dev/full", "cannot be written: No space left"), ("/proc/self/report", "cannot be written")],
)
def test_an_output_that_cannot_be_written_is_one_line_before_the_run_starts(
    fleet: Fleet, pgfleet: CommandLine, output: str, problem: str
) -> None:
    fleet.tenant("acme", "postgresql://x@127.0.0.1:1/x")
    done = pgfleet("audit", ENVIRONMENT, "--output", output)
    assert done.returncode == 2
    assert done.stderr.startswith(f"pgfleet: --output: {output}: {problem}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("home", ["file/home", "file", "/proc/home"])
def test_a_home_of_prefect_that_is_no_folder_is_one_line(
    fleet: Fleet, pgfleet: CommandLine, tmp_path: Path, home: str
) -> None:
    (tmp_path / "file").touch()
    fleet.tenant("acme", "postgresql://x@127.0.0.1:1/x")
    done = pgfleet("audit", ENVIRONMENT, PREFECT_HOME=str(tmp_path / home))
    assert done.returncode == 2
    assert done.stderr.startswith(f"pgfleet: PREFECT_HOME: {tmp_path / home}: cannot be written: ")
    assert len(done.stderr.splitlines()) == 1
