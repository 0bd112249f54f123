"""The demo: a fleet with injected faults that the real flows audit, roll out, and repair."""

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pgfleet.cli.audit import run_audit
from pgfleet.cli.options import RolloutFormat
from pgfleet.cli.output import console_on, write, write_rollout
from pgfleet.cli.repair import run_repair
from pgfleet.cli.run_rollout import run_rollout
from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.documents.plan import Scope
from pgfleet.judge.summary import summarize
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.embedded.demo_fleet import DEMO_TENANTS, ENVIRONMENT, build_fleet, fleet_file
from pgfleet.postgres.read.run_context import load_context
from pgfleet.reports.blocks import Paragraph, Tone
from pgfleet.reports.render import terminal
from pgfleet.reports.views.audit import audit_view
from pgfleet.reports.views.repair import repair_view
from pgfleet.run import files, settings
from pgfleet.run.context import Granularity, RunContext
from pgfleet.run.manifest_file import shipped_manifest

UNEXPECTED = 1
EXAMPLE = "ember"
"""The tenant whose findings the first audit shows."""
AS_EXPECTED = "Every audit found the injected faults and nothing else"


def run_demo(*, keep: bool) -> int:
    """Creates the fleet, then audits, rolls out, and repairs it; 0 if every audit gave the expected verdicts."""
    started = time.monotonic()
    console = Console(stderr=True)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="pgfleet-demo-"))
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        console.print("starting an embedded PostgreSQL …")
        cluster = stack.enter_context(Cluster(embedded_binaries()))
        make_fleet(cluster, folder, console)
        _show_faults()
        unexpected = _run_steps(load_context(ENVIRONMENT))
        _say(f"{unexpected or AS_EXPECTED}. It took {time.monotonic() - started:.0f} s.")
        _say("For your own fleet: pgfleet init, pgfleet manifest init DIR, then pgfleet audit ENV.", "")
        if keep:
            _explain_kept(cluster, cluster.leave_running(), folder)
    return UNEXPECTED if unexpected else 0


def make_fleet(cluster: Cluster, folder: Path, console: Console, reports_url: str | None = None) -> None:
    """Creates the tenants' databases and the fleet file, and uses this fleet file from now on.

    With a `reports_url`, where the HTML pages of runs can be seen, the runs write them beside the fleet file.
    """
    fleet, passfile = folder / "fleet.toml", folder / "pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"*:*:*:*:{cluster.password}\n", encoding="utf-8")
    fleet.write_text(fleet_file(cluster, passfile, reports_url), encoding="utf-8")
    settings.use(config=fleet, manifest=settings.EXAMPLE)
    for number, tenant in enumerate(build_fleet(cluster, files.load_manifest(shipped_manifest())), start=1):
        console.print(f"tenant {number:2} of {len(DEMO_TENANTS)}: {tenant.name}", style="dim", highlight=False)


def _run_steps(context: RunContext) -> str:
    """Which tenants got an unexpected verdict in one of the audits; empty if none did.

    Only the first audit and the rollout record a task run for each step: recording them takes most of the time.
    """
    _say(f"1. pgfleet audit {ENVIRONMENT}: what is wrong in which tenant; here with the findings of one")
    before = run_audit(ENVIRONMENT, compare=False)  # the last audit in Prefect may be of an earlier demo
    _show_audit(before, context, only=EXAMPLE)
    _say(f"2. pgfleet rollout {ENVIRONMENT} --dry-run: the plan, run in transactions that are rolled back")
    dry_run = run_rollout(context, Scope(), dry_run=True, sql_lines=0, granularity=Granularity.TENANT)
    write_rollout(dry_run, context, RolloutFormat.TABLE, is_below_plan=True)
    _say(f"3. pgfleet rollout {ENVIRONMENT} --yes: one ring after another; a migration commits only if it is proven")
    rollout = run_rollout(context, Scope(), yes=True, known_digest=dry_run.plan_digest)
    write_rollout(rollout, context, RolloutFormat.TABLE, is_below_plan=True)
    after = run_audit(ENVIRONMENT, granularity=Granularity.TENANT)
    repaired = _repair_the_rest()
    _say("5. The audit again: what has changed since the first one, and what remains")
    _show_changes(after, repaired, context)
    _say("To see the runs, their steps, and their artifacts in Prefect:")
    for line in _where_to_look(rollout.run_id):
        _say(f"  {line}", "cyan", above="")
    return _unexpected(before, after, repaired)


def _show_audit(document: AuditDocument, context: RunContext, *, only: str) -> None:
    """The report with the findings of one tenant."""
    view = audit_view(document, context.manifest)
    chosen = document.model_copy(update={"tenants": tuple(each for each in document.tenants if each.name == only)})
    details = audit_view(chosen, context.manifest).details
    console_on(sys.stdout).print(terminal.render(replace(view, details=details)))


def _repair_the_rest() -> AuditDocument:
    """Repairs what a rollout does not fix, as `pgfleet repair --yes` does, and audits those tenants."""
    names = [tenant.name for tenant in DEMO_TENANTS if tenant.is_repaired]
    selection = " ".join(f"--tenant {name}" for name in names)
    _say(f"4. pgfleet repair {ENVIRONMENT} {selection} --yes: SQL for what running a migration again does not fix")
    document = run_repair(ENVIRONMENT, lambda _: True, tenants=names)
    write(document, repair_view(document), as_json=False)
    return run_audit(ENVIRONMENT, tenants=names, granularity=Granularity.TENANT)


def _show_changes(after: AuditDocument, repaired: AuditDocument, context: RunContext) -> None:
    """How many findings the rollout and the repair resolved, and those of the tenants that are still not ready."""
    newer = {each.name: each for each in repaired.tenants}
    tenants = tuple(newer.get(each.name, each) for each in after.tenants)
    resolved = sum(len(each.since.resolved) for each in (after, repaired) if each.since)
    left = tuple(each for each in tenants if each.verdict is not Verdict.READY)
    changes = {"tenants": left, "since": None, "summary": {**summarize(tenants), "skipped": 0}}
    view = audit_view(after.model_copy(update=changes), context.manifest)
    opening = (Paragraph(text=f"{resolved} findings were resolved.", tone=Tone.GOOD),)
    console_on(sys.stdout).print(terminal.render(replace(view, opening=opening, matrix=None)))


def _say(text: str, style: str = "bold", above: str = "\n") -> None:
    # Without line breaks, so that commands can be copied.
    console_on(sys.stdout).print(Text(f"{above}{text}", style=style), soft_wrap=True)


def _show_faults() -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for tenant in DEMO_TENANTS:
        if tenant.verdict is not Verdict.READY:
            table.add_row(tenant.name, tenant.fault)
    heading = Text("\nA fleet of twelve tenants, and the faults that an audit should find:", style="bold")
    console_on(sys.stdout).print(heading, table, sep="\n")


def _where_to_look(run_id: str) -> tuple[str, ...]:
    from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL

    if PREFECT_API_URL.value():
        return (f"{PREFECT_UI_URL.value()}/runs/flow-run/{run_id}",)
    # The temporary server wrote into the database that a server started now reads.
    return (f"{Path(sys.executable).parent / 'prefect'} server start", f"http://127.0.0.1:4200/runs/flow-run/{run_id}")


def _explain_kept(cluster: Cluster, pid: int, folder: Path) -> None:
    command = "pgfleet" if shutil.which("pgfleet") else Path(sys.executable).parent / "pgfleet"
    console_on(sys.stdout).print(
        Text("\nThe fleet is still running:", style="bold"),
        Text(f"  {command} --config {folder / 'fleet.toml'} audit {ENVIRONMENT}", style="cyan"),
        Text(f"  PGPASSFILE={folder / 'pgpass'} psql -h 127.0.0.1 -p {cluster.port} -U postgres ember", style="cyan"),
        Text(f"To stop and remove it: kill {pid} && rm -r {folder} {cluster.host}", style="dim"),
        sep="\n",
        soft_wrap=True,  # so that commands can be copied
    )


def _unexpected(before: AuditDocument, after: AuditDocument, repaired: AuditDocument) -> str:
    def verdicts(document: AuditDocument) -> Mapping[str, Verdict]:
        return {each.name: each.verdict for each in document.tenants}

    names = [
        tenant.name
        for tenant in DEMO_TENANTS
        if verdicts(before).get(tenant.name) != tenant.verdict
        or verdicts(after).get(tenant.name) != tenant.verdict_after_rollout
        or (tenant.is_repaired and verdicts(repaired).get(tenant.name) != Verdict.READY)
    ]
    return f"Unexpected verdicts: {', '.join(names)}" if names else ""
