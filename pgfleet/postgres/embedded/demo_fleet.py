"""The demo's fleet: twelve tenants on one server, most of them with an injected fault."""

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
from pgfleet.postgres.query import with_names
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

ENVIRONMENT = "demo"
REPORTS = "reports"
CLOSED_PORT = 1
"""tcpmux, which no machine runs anymore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTenant:
    """A tenant: its fault, in words and as scripts, and the verdict of an audit before the rollout.

    `is_ready_after_rollout` is False for faults that a rollout does not fix; of these, a repair fixes those with
    `is_repaired`.
    """

    name: str
    ring: str
    fault: str
    verdict: Verdict
    scripts: tuple[str, ...] = ()
    priorities: frozenset[Priority] = frozenset(Priority)
    has_ledger: bool = True
    is_reachable: bool = True
    is_ready_after_rollout: bool = True
    is_repaired: bool = False

    @property
    def verdict_after_rollout(self) -> Verdict:
        """The verdict of an audit after the rollout."""
        return Verdict.READY if self.is_ready_after_rollout else self.verdict


DEMO_TENANTS = (
    DemoTenant(name="acme", ring="canary", fault="none: migrated by a rollout", verdict=Verdict.READY),
    DemoTenant(
        name="borealis",
        ring="canary",
        fault="none: migrated by hand with psql -f: no ledger, other id defaults, an extra foreign key",
        verdict=Verdict.READY,
        scripts=("made_by_hand",),
        has_ledger=False,
    ),
    DemoTenant(
        name="cobalt",
        ring="early",
        fault="no migration was ever run",
        verdict=Verdict.BLOCKED,
        priorities=frozenset(),
        has_ledger=False,
    ),
    DemoTenant(
        name="dynamo",
        ring="early",
        fault="the P1 migrations were never run",
        verdict=Verdict.DEGRADED,
        priorities=frozenset({Priority.P0}),
    ),
    DemoTenant(
        name="ember",
        ring="early",
        fault="index idx_ai_task_queue_status_schedule dropped",
        verdict=Verdict.BLOCKED,
        scripts=("dropped_index",),
    ),
    DemoTenant(
        name="fjord",
        ring="main",
        fault="column policy_rules.company_deny_list dropped",
        verdict=Verdict.BLOCKED,
        scripts=("dropped_column",),
        is_ready_after_rollout=False,
    ),
    DemoTenant(
        name="gale",
        ring="main",
        fault="trigger trg_ai_conversations_updated_at disabled",
        verdict=Verdict.BLOCKED,
        scripts=("disabled_trigger",),
    ),
    DemoTenant(
        name="harbor",
        ring="main",
        fault="column ai_messages.content changed to varchar(2000)",
        verdict=Verdict.BLOCKED,
        scripts=("changed_type",),
        is_ready_after_rollout=False,
        is_repaired=True,
    ),
    DemoTenant(
        name="iris",
        ring="main",
        fault="index idx_agent_event_logs_tool is INVALID",
        verdict=Verdict.DEGRADED,
        scripts=("invalid_index",),
        is_ready_after_rollout=False,
        is_repaired=True,
    ),
    DemoTenant(
        name="juniper",
        ring="main",
        fault="none: an extra column, ai_messages.sentiment",
        verdict=Verdict.READY,
        scripts=("extra_column",),
    ),
    DemoTenant(
        name="kestrel",
        ring="main",
        fault="none: a seed row edited by the tenant",
        verdict=Verdict.READY,
        scripts=("edited_seed",),
    ),
    DemoTenant(
        name="lumen",
        ring="main",
        fault="its server does not answer",
        verdict=Verdict.UNREACHABLE,
        is_reachable=False,
        is_ready_after_rollout=False,
    ),
)


def build_fleet(cluster: Cluster, manifest: Manifest) -> Iterator[DemoTenant]:
    """Creates the databases on a new server, and yields each tenant when it is complete.

    Each tenant has a login of its own, with the tenant's name, that owns its database.
    """
    with Session(Dsn(cluster.dsn())) as admin:
        for tenant in DEMO_TENANTS:
            if tenant.is_reachable:
                login = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                names = sql.Identifier(tenant.name), sql.Literal(cluster.password)
                admin.run_script(login.format(*names).as_string())
                admin.run_outside_transaction(with_names("CREATE DATABASE {} OWNER {}", tenant.name, tenant.name))
                with Session(Dsn(cluster.dsn(tenant.name, tenant.name))) as session:
                    _fill(tenant, session, manifest)
                with Session(Dsn(cluster.dsn(tenant.name))) as session:  # one fault is an edit of the system catalog
                    for script in tenant.scripts:
                        session.run_script(statement(f"demo/{script}"))
            yield tenant


def fleet_file(cluster: Cluster, passfile: Path, reports_url: str | None = None) -> str:
    """The text of the demo's fleet file; the password is in `passfile`, which libpq reads.

    With a `reports_url`, where they can be seen, runs write their HTML pages to the folder `REPORTS` beside the file.
    """
    server = f"host=127.0.0.1 port={cluster.port} passfile={passfile}"
    lines = [
        f"[environments.{ENVIRONMENT}]",
        f'scratch_dsn = "{server} user=postgres dbname=postgres"',
        'rings = ["canary", "early", "main"]',
        f"failure_budget = {{main = {sum(not tenant.is_ready_after_rollout for tenant in DEMO_TENANTS)}}}",
        'connect_timeout = "2s"',
        *([f'report_dir = "{REPORTS}"', f'report_url = "{reports_url}"'] if reports_url else ()),
        "",
    ]
    for tenant in DEMO_TENANTS:
        port = cluster.port if tenant.is_reachable else CLOSED_PORT
        dsn = f"host=127.0.0.1 port={port} user={tenant.name} dbname={tenant.name} passfile={passfile}"
        lines += [
            "[[environments.demo.tenants]]",
            f'name = "{tenant.name}"',
            f'ring = "{tenant.ring}"',
            f'dsn = "{dsn}"',
            "",
        ]
    return "\n".join(lines)


def _fill(tenant: DemoTenant, session: Session, manifest: Manifest) -> None:
    session.run_script(statement("demo/product"))
    chosen = [each for each in manifest.migrations if each.priority in tenant.priorities]
    if tenant.has_ledger:
        prepare_ledger(session)
    for migration in chosen:
        session.run_script(migration.script)
        if tenant.has_ledger:
            record(session, migration, Action.APPLY, run_id="demo")
    if chosen:
        for seed in manifest.seeds:
            session.run_script(seed.script)
        session.run_script(statement("demo/conversations"))
