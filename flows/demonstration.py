"""The demo: a fleet made on the spot, audited by the real flow, and what to make of it."""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.console import console_on
from flows.running import audit, write
from pgfleet import files, settings
from pgfleet.judge.document import AuditDocument
from pgfleet.pg.binaries import embedded_binaries
from pgfleet.pg.briefing import prepare_brief
from pgfleet.pg.cluster import Cluster
from pgfleet.pg.demo import ENVIRONMENT, PLANS, build_fleet, fleet_file
from pgfleet.render.terminal import audit_report
from pgfleet.shipped import sql_folder

LEFT_UNFOUND = 1


def run_demo(*, keep: bool) -> int:
    """Makes the fleet, audits it, says what was found; 0 if each tenant got the verdict that was planted."""
    started = time.monotonic()
    console = Console(stderr=True)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="pgfleet-demo-")) if keep else Path(stack.enter_context(_folder()))
        console.print("starting an embedded PostgreSQL …")
        cluster = stack.enter_context(Cluster.temporary(embedded_binaries()))
        _make_fleet(cluster, folder, console)
        _show_plans()
        brief = prepare_brief(ENVIRONMENT)
        document = audit(brief)
        write(document, audit_report(document, brief.manifest), as_json=False)
        _explain(document, time.monotonic() - started)
        if keep:
            _explain_kept(cluster, cluster.leave_running(), folder)
    return LEFT_UNFOUND if _unlike_planted(document) else 0


def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="pgfleet-demo-")


def _make_fleet(cluster: Cluster, folder: Path, console: Console) -> None:
    manifest_file, fleet = sql_folder() / "manifest.toml", folder / "fleet.toml"
    passfile = folder / "pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"*:*:*:*:{cluster.password}\n", encoding="utf-8")
    fleet.write_text(fleet_file(cluster, passfile), encoding="utf-8")
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


def _explain(document: AuditDocument, seconds: float) -> None:
    unlike = _unlike_planted(document)
    said = "Each tenant got the verdict that was planted" if not unlike else f"NOT as planted: {', '.join(unlike)}"
    console_on(sys.stdout).print(
        Text(f"\n{said}, {seconds:.0f} s from nothing to here. The audit changed nothing in any tenant."),
        Text("\nTo look at the run as Prefect shows it, its steps and artifacts:", style="bold"),
        *(Text(f"  {line}", style="cyan") for line in _where_to_look(document.run_id)),
        Text("Your own fleet: write deployments/fleet.toml (see README.md), then pgfleet audit ENV."),
        sep="\n",
        soft_wrap=True,  # a command that is broken in two cannot be copied
    )


def _where_to_look(run_id: str) -> tuple[str, ...]:
    from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL  # noqa: PLC0415

    if PREFECT_API_URL.value():
        return (f"{PREFECT_UI_URL.value()}/runs/flow-run/{run_id}",)
    # The temporary server has written into the database that a server started now will read.
    return (f"{Path(sys.executable).parent / 'prefect'} server start", f"http://127.0.0.1:4200/runs/flow-run/{run_id}")


def _explain_kept(cluster: Cluster, pid: int, folder: Path) -> None:
    command = Path(sys.argv[0]).name
    console_on(sys.stdout).print(
        Text("\nThe fleet is left running:", style="bold"),
        Text(f"  {command} --config {folder / 'fleet.toml'} audit {ENVIRONMENT}", style="cyan"),
        Text(f"  PGPASSFILE={folder / 'pgpass'} psql -h 127.0.0.1 -p {cluster.port} -U postgres ember", style="cyan"),
        Text(f"To end it: kill {pid} && rm -r {folder} {cluster.host}", style="dim"),
        sep="\n",
        soft_wrap=True,  # a command that is broken in two cannot be copied
    )


def _unlike_planted(document: AuditDocument) -> list[str]:
    found = {each.name: each.verdict for each in document.tenants}
    return [plan.name for plan in PLANS if found.get(plan.name) != plan.verdict]
