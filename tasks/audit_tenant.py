"""Audits one tenant, step after step, on one connection."""

from collections.abc import Callable
from typing import Any

from prefect import State, Task, task
from prefect.cache_policies import NO_CACHE

from pgfleet.brief import Brief, Granularity
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.document import TenantEntry
from pgfleet.judge.tenant import judge_tenant, unjudged
from pgfleet.pg.session import Session
from pgfleet.pg.survey import refuse_silent
from pgfleet.pg.verification import open_session
from tasks.check_seed import check_seed
from tasks.count_rows import count_rows
from tasks.inspect_tenant import inspect_tenant
from tasks.retries import retrying
from tasks.states import finding, tenant_state
from tasks.verify_migration import verify_migration

Step = Callable[..., Any]
"""Runs a step's task with its arguments, and returns what it found."""


@task(name="audit tenant", task_run_name="audit {tenant}", cache_policy=NO_CACHE, persist_result=False)
def audit_tenant(tenant: str, brief: Brief, granularity: Granularity) -> State[TenantEntry]:
    """Inspects and verifies the tenant; an error is its reason, and never another tenant's."""
    chosen = brief.tenant(tenant)
    run = _as_task_run if granularity is Granularity.STEP else _in_this_run
    try:
        refuse_silent(chosen, brief)
        with open_session(chosen, brief) as session:
            return tenant_state(_audit(chosen, session, brief, run))
    except PgfleetError as error:
        return tenant_state(unjudged(chosen, error))


def _audit(tenant: Tenant, session: Session, brief: Brief, run: Step) -> TenantEntry:
    name, manifest = tenant.name, brief.manifest
    findings = run(inspect_tenant, name, session, brief)
    return judge_tenant(
        tenant,
        findings.inspection,
        [run(verify_migration, each.version, name, session, brief, findings) for each in manifest.migrations],
        [run(check_seed, each.name, name, session, brief, findings) for each in manifest.seeds],
        [run(count_rows, each.table, name, session, brief) for each in manifest.counts],
    )


def _as_task_run(step: Task[..., Any], *arguments: object) -> Any:
    state: State[Any] = step(*arguments, return_state=True)  # type: ignore[assignment]  # every step is synchronous
    return finding(state)


def _in_this_run(step: Task[..., Any], *arguments: object) -> Any:
    found = retrying(step.fn, *arguments)
    return found.data if isinstance(found, State) else found
