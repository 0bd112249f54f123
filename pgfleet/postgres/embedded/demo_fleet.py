"""The demo's fleet: twelve tenants on one server, most with one fault planted."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import Action
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest, Priority
from pgfleet.postgres.apply.ledger import prepare_ledger, record
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

ENVIRONMENT = "demo"
REPORTS = "reports"
TEMPLATE = "pgfleet_demo_template"
NOWHERE_PORT = 1
"""tcpmux: nothing listens there on a machine of this century."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One tenant of the demo: what is done to it, in words and by which scripts, and what an audit must make of it.

    `is_healed` says that a rollout puts it right, `is_repaired` that a repair does what a rollout cannot.
    """

    name: str
    ring: str
    planted: str
    verdict: Verdict
    scripts: tuple[str, ...] = ()
    priorities: frozenset[Priority] = frozenset(Priority)
    has_ledger: bool = True
    is_there: bool = True
    is_restored: bool = True
    is_repaired: bool = False

    @property
    def verdict_afterwards(self) -> Verdict:
        """What an audit must make of it after a rollout."""
        return Verdict.READY if self.is_restored else self.verdict

    @property
    def verdict_repaired(self) -> Verdict:
        """What an audit must make of it after a repair."""
        return Verdict.READY if self.is_repaired else self.verdict_afterwards


PLANS = (
    Plan(name="acme", ring="canary", planted="nothing: as a rollout leaves it", verdict=Verdict.READY),
    Plan(
        name="borealis",
        ring="canary",
        planted="made by hand with psql -f: no ledger, other id defaults, a foreign key of its own",
        verdict=Verdict.READY,
        scripts=("made_by_hand",),
        has_ledger=False,
    ),
    Plan(
        name="cobalt",
        ring="early",
        planted="empty: no migration was ever run",
        verdict=Verdict.BLOCKED,
        priorities=frozenset(),
        has_ledger=False,
    ),
    Plan(
        name="dynamo",
        ring="early",
        planted="the P1 migrations were never run",
        verdict=Verdict.DEGRADED,
        priorities=frozenset({Priority.P0}),
    ),
    Plan(
        name="ember",
        ring="early",
        planted="index idx_ai_task_queue_status_schedule dropped",
        verdict=Verdict.BLOCKED,
        scripts=("dropped_index",),
    ),
    Plan(
        name="fjord",
        ring="main",
        planted="column policy_rules.company_deny_list dropped",
        verdict=Verdict.BLOCKED,
        scripts=("dropped_column",),
    ),
    Plan(
        name="gale",
        ring="main",
        planted="trigger trg_ai_conversations_updated_at disabled",
        verdict=Verdict.BLOCKED,
        scripts=("disabled_trigger",),
    ),
    Plan(
        name="harbor",
        ring="main",
        planted="column ai_messages.content made varchar(2000)",
        verdict=Verdict.BLOCKED,
        scripts=("changed_type",),
        is_restored=False,
        is_repaired=True,
    ),
    Plan(
        name="iris",
        ring="main",
        planted="index idx_agent_event_logs_tool left INVALID",
        verdict=Verdict.DEGRADED,
        scripts=("invalid_index",),
        is_restored=False,
        is_repaired=True,
    ),
    Plan(
        name="juniper",
        ring="main",
        planted="an extra column, ai_messages.sentiment",
        verdict=Verdict.READY,
        scripts=("extra_column",),
    ),
    Plan(
        name="kestrel",
        ring="main",
        planted="a baseline rule edited by the tenant",
        verdict=Verdict.READY,
        scripts=("edited_seed",),
    ),
    Plan(
        name="lumen",
        ring="main",
        planted="its server does not answer",
        verdict=Verdict.UNREACHABLE,
        is_there=False,
        is_restored=False,
    ),
)


def build_fleet(cluster: Cluster, manifest: Manifest) -> Iterator[Plan]:
    """Makes the tenants' databases on a fresh server, and yields each plan when it is carried out."""
    with Session(Dsn(cluster.dsn())) as admin:
        admin.run_outside_transaction(_text("CREATE DATABASE {}", TEMPLATE))
        with Session(Dsn(cluster.dsn(TEMPLATE))) as template:
            template.run_script(statement("demo/product"))
        for plan in PLANS:
            if plan.is_there:
                admin.run_outside_transaction(_text("CREATE DATABASE {} TEMPLATE {}", plan.name, TEMPLATE))
                with Session(Dsn(cluster.dsn(plan.name))) as session:
                    _carry_out(plan, session, manifest)
            yield plan


def fleet_file(cluster: Cluster, passfile: Path, reports_url: str | None = None) -> str:
    """The fleet file of the demo; the password is in `passfile`, where libpq finds it.

    With a `reports_url`, where that is to be seen, runs keep their pages in the folder `REPORTS` beside the file.
    """
    lines = [
        f"[environments.{ENVIRONMENT}]",
        'rings = ["canary", "early", "main"]',
        f"failure_budget = {{main = {sum(not plan.is_restored for plan in PLANS)}}}",
        'connect_timeout = "2s"',
        *([f'report_dir = "{REPORTS}"', f'report_url = "{reports_url}"'] if reports_url else ()),
        "",
    ]
    for plan in PLANS:
        port = cluster.port if plan.is_there else NOWHERE_PORT
        dsn = f"host=127.0.0.1 port={port} user=postgres dbname={plan.name} passfile={passfile}"
        lines += [
            "[[environments.demo.tenants]]",
            f'name = "{plan.name}"',
            f'ring = "{plan.ring}"',
            f'dsn = "{dsn}"',
            "",
        ]
    return "\n".join(lines)


def _carry_out(plan: Plan, session: Session, manifest: Manifest) -> None:
    chosen = [each for each in manifest.migrations if each.priority in plan.priorities]
    if plan.has_ledger:
        prepare_ledger(session)
    for migration in chosen:
        session.run_script(migration.script)
        if plan.has_ledger:
            record(session, migration, Action.APPLY, run_id="demo")
    if chosen:
        for seed in manifest.seeds:
            session.run_script(seed.script)
        session.run_script(statement("demo/conversations"))
    for script in plan.scripts:
        session.run_script(statement(f"demo/{script}"))


def _text(template: str, *names: str) -> str:
    return sql.SQL(template).format(*map(sql.Identifier, names)).as_string()
