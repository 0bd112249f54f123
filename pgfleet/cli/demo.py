"""The demo: a fleet made on the spot, audited, rolled out, audited again and repaired by the real flows."""

import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pgfleet.cli.console import console_on
from pgfleet.cli.output import write
from pgfleet.cli.repair import repair
from pgfleet.cli.rollout import roll_out
from pgfleet.cli.run_flow import audit
from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.plan import Scope
from pgfleet.documents.repair import RepairDocument
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.embedded.demo_fleet import ENVIRONMENT, PLANS, build_fleet, fleet_file
from pgfleet.postgres.read.run_context import load_context
from pgfleet.reports.render import terminal
from pgfleet.reports.views.audit import audit_view
from pgfleet.reports.views.repair import repair_view
from pgfleet.reports.views.rollout import rollout_view
from pgfleet.run import files, settings
from pgfleet.run.context import Granularity, RunContext
from pgfleet.run.shipped import sql_folder

LEFT_UNFOUND = 1
AS_PLANTED = "Each tenant was found as it was planted, and is now as a rollout and a repair can leave it"


def run_demo(*, keep: bool) -> int:
    """Makes the fleet, audits, rehearses, rolls out, audits again, repairs; 0 if all came as it was planted."""
    started = time.monotonic()
    console = Console(stderr=True)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="pgfleet-demo-")) if keep else Path(stack.enter_context(_folder()))
        console.print("starting an embedded PostgreSQL …")
        cluster = stack.enter_context(Cluster.temporary(embedded_binaries()))
        make_fleet(cluster, folder, console)
        _show_plans()
        unlike = _go_through_all(load_context(ENVIRONMENT))
        _say(f"{unlike or AS_PLANTED}, {time.monotonic() - started:.0f} s from nothing to here.")
        _say("Your own fleet: write deployments/fleet.toml (see README.md), then pgfleet audit ENV.", "")
        if keep:
            _explain_kept(cluster, cluster.leave_running(), folder)
    return LEFT_UNFOUND if unlike else 0


def _go_through_all(context: RunContext) -> str:
    """The audit, the dry run, the rollout, the audit after it, the repair; what did not come as it was planted.

    The first audit and the rollout have a task run for each step, to be looked at; the others one for each tenant,
    since what a demo takes is mostly Prefect's server writing down task runs.
    """
    manifest = context.manifest
    _say("1. The audit: what is wrong in which tenant, and who suffers")
    before = audit(context, compare=False)  # an earlier demo's fleet was another
    write(before, terminal.render(audit_view(before, manifest)), as_json=False)
    _say("2. The dry run of a rollout: its plan, then all of it in transactions that are rolled back")
    dry_run = roll_out(context, Scope(), Granularity.TENANT, dry_run=True)
    write(dry_run, terminal.render(rollout_view(dry_run, manifest)), as_json=False)
    _say("3. The rollout: one ring after another, each migration proven and committed, or not at all")
    rollout = roll_out(context, Scope())
    write(rollout, terminal.render(rollout_view(rollout, manifest)), as_json=False)
    _say("4. The audit again: what a rerun cannot heal is still there, and named")
    after = audit(context, granularity=Granularity.TENANT)
    write(after, terminal.render(audit_view(after, manifest)), as_json=False)
    repaired = _repair_the_rest(context)
    _say("To look at the runs as Prefect shows them, their steps and artifacts:")
    for line in _where_to_look(rollout.run_id):
        _say(f"  {line}", "cyan", above="")
    return _unlike_planted(before, after, repaired)


def _repair_the_rest(context: RunContext) -> AuditDocument:
    """The repair of what a rerun cannot heal, as `pgfleet repair --yes` does it, and an audit of those tenants."""
    names = [plan.name for plan in PLANS if plan.is_repaired]
    chosen = " ".join(f"--tenant {each}" for each in names)
    _say(f"5. pgfleet repair {ENVIRONMENT} {chosen} --yes: what a rerun cannot heal, rehearsed and then done")

    def agree(dry_run: RepairDocument) -> bool:
        write(dry_run, terminal.render(repair_view(dry_run)), as_json=False)
        _say("And now for real: the same statements, proven and committed, or not at all", "")
        return True

    document = repair(context, names, agree)
    write(document, terminal.render(repair_view(document)), as_json=False)
    _say("The audit of these, once more")
    found = audit(context, names, granularity=Granularity.TENANT)
    write(found, terminal.render(audit_view(found, context.manifest)), as_json=False)
    return found


def _say(text: str, style: str = "bold", above: str = "\n") -> None:
    # What is broken in two cannot be copied.
    console_on(sys.stdout).print(Text(f"{above}{text}", style=style), soft_wrap=True)


def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="pgfleet-demo-")


def make_fleet(cluster: Cluster, folder: Path, console: Console, reports_url: str | None = None) -> None:
    """The demo's tenants in that cluster, and their fleet file, which is from then on the one that is meant.

    `reports_url` is where the pages of runs are to be seen, if they are to be kept.
    """
    manifest_file, fleet = sql_folder() / "manifest.toml", folder / "fleet.toml"
    passfile = folder / "pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"*:*:*:*:{cluster.password}\n", encoding="utf-8")
    fleet.write_text(fleet_file(cluster, passfile, reports_url), encoding="utf-8")
    settings.use(config=fleet, manifest=manifest_file)
    for number, plan in enumerate(build_fleet(cluster, files.load_manifest(manifest_file)), start=1):
        console.print(f"tenant {number:2} of {len(PLANS)}: {plan.name}", style="dim", highlight=False)


def _show_plans() -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("tenant")
    table.add_column("what was planted in it")
    for plan in PLANS:
        table.add_row(plan.name, plan.planted)
    console_on(sys.stdout).print(
        Text("\nA fleet of twelve tenants, and what an audit should find:\n", style="bold"), table, Text()
    )


def _where_to_look(run_id: str) -> tuple[str, ...]:
    from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL  # noqa: PLC0415

    if PREFECT_API_URL.value():
        return (f"{PREFECT_UI_URL.value()}/runs/flow-run/{run_id}",)
    # The temporary server has written into the database that a server started now will read.
    return (f"{Path(sys.executable).parent / 'prefect'} server start", f"http://127.0.0.1:4200/runs/flow-run/{run_id}")


def _explain_kept(cluster: Cluster, pid: int, folder: Path) -> None:
    beside = Path(sys.executable).parent / "pgfleet"
    command = "pgfleet" if shutil.which("pgfleet") else beside
    console_on(sys.stdout).print(
        Text("\nThe fleet is left running:", style="bold"),
        Text(f"  {command} --config {folder / 'fleet.toml'} audit {ENVIRONMENT}", style="cyan"),
        Text(f"  PGPASSFILE={folder / 'pgpass'} psql -h 127.0.0.1 -p {cluster.port} -U postgres ember", style="cyan"),
        Text(f"To end it: kill {pid} && rm -r {folder} {cluster.host}", style="dim"),
        sep="\n",
        soft_wrap=True,  # a command that is broken in two cannot be copied
    )


def _unlike_planted(before: AuditDocument, after: AuditDocument, repaired: AuditDocument) -> str:
    """Which tenants got another verdict than their plan says, in any of the audits; empty if none did."""
    first, last, at_last = ({each.name: each.verdict for each in found.tenants} for found in (before, after, repaired))
    unlike = [
        plan.name
        for plan in PLANS
        if (first.get(plan.name), last.get(plan.name)) != (plan.verdict, plan.verdict_afterwards)
        or at_last.get(plan.name, plan.verdict_repaired) != plan.verdict_repaired
    ]
    return f"NOT as planted: {', '.join(unlike)}" if unlike else ""
