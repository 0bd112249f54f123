"""The roles that docs/logins.md creates are enough for everything, and for nothing else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.servers import Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import LedgerState
from pgfleet.documents.plan import Scope
from pgfleet.documents.repair import RepairResult
from pgfleet.documents.rollout import Result, TenantResult
from pgfleet.fleet.model import Tenant
from pgfleet.judge.logins import judge_logins
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.apply.repair import preview, repair
from pgfleet.postgres.apply.rollout import roll_out
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.audit_steps import count
from pgfleet.postgres.read.logins import logins_of
from pgfleet.postgres.read.run_context import load_wave_context
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.tenant_session import open_session
from pgfleet.rollout.planning import plan_tenant
from pgfleet.run.context import RunContext

pytestmark = pytest.mark.every_version

PAGE = Path(__file__).parents[2] / "docs" / "logins.md"
SQL = re.compile(r"```sql\n(.*?)```", re.DOTALL)
PASSWORDS = {each: f"change-me-{each}" for each in ("scratch", "audit", "rollout", "owner")}
ADMINISTRATORS = {"superuser": "SUPERUSER", "no superuser": "CREATEROLE CREATEDB"}
TENANTS = ("logins_a", "logins_b")
EVERYTHING = Scope()
WRITES = (
    "INSERT INTO ai_guardrails.policy_rules (name) VALUES ('x')",
    "UPDATE ai_task_queue SET status = 'x'",
    "DELETE FROM pgfleet.ledger",
    "TRUNCATE ai_messages",
    "CREATE TABLE public.x ()",
    "CREATE SCHEMA x",
    "ALTER TABLE ai_messages ADD COLUMN x text",
    "SET ROLE logins_a_rollout",
    "SET ROLE logins_a_owner",
)


def sql_of_the_page(tenant: str) -> list[str]:
    """Once per server, once per tenant, in its database before PostgreSQL 15 and then on all versions, and after the
    first rollout; for this tenant, not for acme.
    """
    return [each.replace("acme", tenant) for each in SQL.findall(PAGE.read_text(encoding="utf-8"))]


@dataclass(kw_only=True)
class Logins:
    """Two tenants with the logins of the page, created by an administrator."""

    server: Server
    fleet: Fleet
    expected: ExpectedCatalog
    administrator: str = "logins_admin"

    def create(self) -> None:
        per_server, *_ = sql_of_the_page("")
        self.run("postgres", per_server)
        scratch = self.server.cluster.dsn("postgres", "pgfleet_scratch", password=PASSWORDS["scratch"])
        self.fleet.policy(f'scratch_dsn = "{scratch}"')
        for tenant in TENANTS:
            _, per_tenant, before_15, in_database, _ = sql_of_the_page(tenant)
            owner = f"{tenant}_owner LOGIN PASSWORD '{PASSWORDS['owner']}'"
            self.run("postgres", f"CREATE ROLE {owner}; GRANT {tenant}_owner TO CURRENT_USER")
            self.run("postgres", f"CREATE DATABASE {tenant} OWNER {tenant}_owner; {per_tenant}")
            if self.server.major < 15:
                self.server.execute(before_15, tenant)
            self.run(tenant, f"SET ROLE {tenant}_owner; CREATE TABLE users (id int PRIMARY KEY); RESET ROLE")
            self.run(tenant, in_database)
            dsn = self.server.cluster.dsn(tenant, f"{tenant}_audit", password=PASSWORDS["audit"])
            rollout_dsn = f"user={tenant}_rollout password={PASSWORDS['rollout']}"
            self.fleet.tenant(tenant, dsn, rollout_dsn=rollout_dsn)

    def run(self, database: str, script: str) -> None:
        """Runs the statements as the administrator, one by one."""
        with self.connect(database, self.administrator, "administrator") as connection:
            for each in filter(str.strip, re.sub("--.*", "", script).split(";")):
                connection.execute(each)

    def connect(self, database: str, role: str, password: str) -> psycopg.Connection:
        return psycopg.connect(self.server.cluster.dsn(database, role, password=password), autocommit=True)

    def context(self, *, as_rollout: bool) -> RunContext:
        """That of a wave with both tenants."""
        context = load_wave_context(
            ENVIRONMENT, TENANTS, "main", run="logins", run_id="1", leases=lambda _: None, as_rollout=as_rollout
        )
        context.expectations = {context.replay(self.server.major, "public"): self.expected}
        return context

    def drop(self) -> None:
        for each in TENANTS:
            self.server.execute(f"DROP DATABASE IF EXISTS {each} WITH (FORCE)")
        roles = [f"{tenant}_{each}" for tenant in TENANTS for each in ("audit", "rollout", "owner")]
        for role in (*roles, "pgfleet_scratch", self.administrator):
            self.server.execute(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture(params=ADMINISTRATORS)
def logins(request: pytest.FixtureRequest, server: Server, fleet: Fleet, proven: ExpectedCatalog) -> Iterator[Logins]:
    server.execute(f"CREATE ROLE logins_admin LOGIN PASSWORD 'administrator' {ADMINISTRATORS[request.param]}")
    made = Logins(server=server, fleet=fleet, expected=proven)
    try:
        made.create()
        yield made
    finally:
        made.drop()


@dataclass(kw_only=True)
class Work:
    """What pgfleet does with the first tenant: read as one login, change as the other."""

    reading: RunContext
    changing: RunContext
    manifest: Manifest

    def audit(self) -> TenantEntry:
        return audit(self.tenant(self.reading), self.reading)

    def roll_out(self, scope: Scope = EVERYTHING, *, dry_run: bool = False) -> TenantResult:
        context = self.changing
        plan = plan_tenant(self.audit(), self.manifest, next(iter(context.expectations.values())), scope)
        return roll_out(self.tenant(context), plan, context, dry_run=dry_run)

    def tenant(self, context: RunContext) -> Tenant:
        return context.tenant(TENANTS[0])


def test_the_logins_of_the_page_are_enough_for_everything_and_for_nothing_else(
    logins: Logins, shipped_manifest: Manifest
) -> None:
    reading, changing = logins.context(as_rollout=False), logins.context(as_rollout=True)
    work, [tenant, other] = Work(reading=reading, changing=changing, manifest=shipped_manifest), TENANTS
    scratch = reading.environment.policy.scratch_dsn
    assert scratch
    with scratch_database(scratch, Limits()) as session:
        assert session.fetch(Query("SELECT 1")) == [[(1,)]]
    before = work.audit()
    assert (before.verdict, before.reason) == (Verdict.BLOCKED, None)
    assert work.roll_out(dry_run=True).result is Result.DONE
    done = work.roll_out()
    assert (done.result, done.error) == (Result.DONE, None)
    *_, after_first_rollout = sql_of_the_page(tenant)
    with logins.connect(tenant, f"{tenant}_rollout", PASSWORDS["rollout"]) as connection:
        connection.execute(after_first_rollout)
    logins.server.execute("DELETE FROM ai_guardrails.policy_rules", tenant)
    [seed] = work.roll_out(Scope(migrations=False)).seeds
    assert (seed.rows_added, seed.error) == (2, None)
    logins.server.execute("DROP INDEX idx_ai_messages_conversation; DELETE FROM pgfleet.ledger", tenant)
    planned = preview(work.tenant(reading), reading)
    repaired = repair(work.tenant(changing), changing, dry_run=False, digest=planned.digest)
    assert (repaired.result, repaired.error) == (RepairResult.REPAIRED, None)
    assert work.roll_out(Scope(adopt_through="20250401")).error is None
    with open_session(work.tenant(reading), reading) as session:
        assert {count(session, reading, each.table).fault for each in shipped_manifest.counts} == {None}
    after = work.audit()
    assert (after.verdict, after.reason) == (Verdict.READY, None)
    assert {each.ledger for each in after.migrations} == {LedgerState.ADOPTED}
    recorded_by = logins.server.query("SELECT DISTINCT recorded_by FROM pgfleet.ledger_events", tenant)
    assert recorded_by == [(f"{tenant}_rollout",)]

    with logins.connect(tenant, f"{tenant}_audit", PASSWORDS["audit"]) as connection:
        for statement in WRITES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    for login in ("audit", "rollout"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            logins.connect(other, f"{tenant}_{login}", PASSWORDS[login])
    with logins.connect(tenant, f"{tenant}_owner", PASSWORDS["owner"]) as connection:
        connection.execute("INSERT INTO ai_conversations (user_id) VALUES (1); SELECT FROM ai_guardrails.policy_rules")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM pgfleet.ledger")


TOO_MUCH = (
    ("postgres", "ALTER ROLE logins_a_rollout CREATEROLE CREATEDB; GRANT pg_read_server_files TO logins_a_audit"),
    ("postgres", "GRANT logins_b_owner TO logins_a_rollout"),
    ("postgres", "GRANT CONNECT ON DATABASE logins_b TO logins_a_audit"),
    ("logins_b", "GRANT SELECT ON users TO logins_a_audit"),
)


@pytest.mark.parametrize("logins", ["superuser"], indirect=True)
def test_an_audit_warns_of_rights_that_the_logins_of_the_page_do_not_have(logins: Logins) -> None:
    reading = logins.context(as_rollout=False)
    tenants, tenant = logins_of(reading.environment), reading.tenant("logins_a")

    def warnings() -> dict[str, list[str]]:
        reading.login_rights.clear()
        audit(tenant, reading)
        rights = [each for found in reading.login_rights.values() for each in found]
        assert {each.login for each in rights} == {"logins_a_audit", "logins_a_rollout"}
        found = judge_logins(rights, tenants, has_scratch_dsn=True)
        return {each.login: [warning.code for warning in each.warnings] for each in found}

    assert warnings() == {}
    for database, statements in TOO_MUCH:
        logins.server.execute(statements, database)
    assert warnings() == {
        "logins_a_audit": ["pg_read_server_files", "READS"],
        "logins_a_rollout": ["CREATEDB", "CREATEROLE", "OWNS"],
    }
    logins.server.execute("ALTER ROLE logins_a_audit SUPERUSER")
    assert warnings()["logins_a_audit"] == ["SUPERUSER"]
