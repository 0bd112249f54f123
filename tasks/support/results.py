"""Results of flow runs, stored as artifacts without a key, for other flow runs and the command line."""

from typing import TypeVar, cast
from uuid import UUID

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from pydantic import TypeAdapter

from pgfleet.documents.audit import AuditDocument, TenantEntry
from pgfleet.documents.counts import CountDocument, TenantCounts
from pgfleet.documents.login_rights import LoginRights
from pgfleet.documents.manifest_proof import ManifestProof
from pgfleet.documents.plan import TenantPlan
from pgfleet.documents.repair import RepairDocument, TenantRepair
from pgfleet.documents.ring import WatchEntry
from pgfleet.documents.rollout import RolloutDocument, TenantResult
from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.hidden_characters import escape_json
from pgfleet.tasks.support.current_run import is_in_parent_process

Form = TypeVar("Form")

RESULT = "result"
"""The type of artifact for the result of a run: a wave's tenants, an audit's document."""
PLAN = "plan"
"""The type of artifact for the plan of a rollout, which its waves load."""
LOGINS = "logins"
"""The type of artifact for the rights of the logins that a wave of an audit examined."""
INSPECTED = "inspected"
"""The type of artifact for the inspections of a wave's tenants, for later runs."""
MOST_RUNS = 5

ENTRIES: TypeAdapter[tuple[TenantEntry, ...]] = TypeAdapter(tuple[TenantEntry, ...])
LOGIN_RIGHTS: TypeAdapter[tuple[LoginRights, ...]] = TypeAdapter(tuple[LoginRights, ...])
PLANS: TypeAdapter[tuple[TenantPlan, ...]] = TypeAdapter(tuple[TenantPlan, ...])
RESULTS: TypeAdapter[tuple[TenantResult, ...]] = TypeAdapter(tuple[TenantResult, ...])
WATCHED: TypeAdapter[tuple[WatchEntry, ...]] = TypeAdapter(tuple[WatchEntry, ...])
COUNTED: TypeAdapter[tuple[TenantCounts, ...]] = TypeAdapter(tuple[TenantCounts, ...])
REPAIRS: TypeAdapter[tuple[TenantRepair, ...]] = TypeAdapter(tuple[TenantRepair, ...])
AUDIT_DOCUMENT = TypeAdapter(AuditDocument)
ROLLOUT_DOCUMENT = TypeAdapter(RolloutDocument)
COUNT_DOCUMENT = TypeAdapter(CountDocument)
REPAIR_DOCUMENT = TypeAdapter(RepairDocument)
MANIFEST_PROOF = TypeAdapter(ManifestProof)
ROLLOUT_PLAN = TypeAdapter(RolloutPlan)


_kept: dict[tuple[UUID, str], object] = {}
"""Results of waves in the process of their parent, until it loads them: it needs no request for them."""


def save_result(value: Form, form: TypeAdapter[Form], description: str, *, kind: str = RESULT) -> None:
    """Saves a value with the current flow run."""
    run_id, data = UUID(str(runtime.flow_run.id)), escape_json(form.dump_json(value).decode())
    with get_client(sync_client=True) as client:
        client.create_artifact(ArtifactCreate(type=kind, description=description, data=data, flow_run_id=run_id))


def save_wave_result(value: Form, form: TypeAdapter[Form], description: str, *, kind: str = RESULT) -> None:
    """Saves a value with the current wave; in the process of its parent, only until that loads it."""
    if is_in_parent_process():
        _kept[UUID(str(runtime.flow_run.id)), kind] = value
    else:
        save_result(value, form, description, kind=kind)


def load_result(flow_run_id: UUID, form: TypeAdapter[Form], *, kind: str = RESULT) -> Form | None:
    """The value that the run saved last; None if it saved none, or if it was loaded and was that of a wave here.

    This sends the filter by hand: Prefect 3.8's client sends nulls for omitted filters, which the server refuses, and
    empty ones exclude artifacts that no task run made.
    """
    if (flow_run_id, kind) in _kept:
        return cast("Form", _kept.pop((flow_run_id, kind)))
    wanted = {"flow_run_id": {"any_": [str(flow_run_id)]}, "type": {"any_": [kind]}}
    with get_client(sync_client=True) as client:
        answer = client.request(
            "POST", "/artifacts/filter", json={"artifacts": wanted, "sort": "UPDATED_DESC", "limit": 1}
        )
    return next((form.validate_json(each["data"]) for each in answer.json()), None)


def runs_that_published(key: str) -> tuple[UUID, ...]:
    """The flow runs that published an artifact with that key, the latest first, at most `MOST_RUNS`."""
    body = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": MOST_RUNS}
    with get_client(sync_client=True) as client:
        answer = client.request("POST", "/artifacts/filter", json=body)
    return tuple(UUID(each["flow_run_id"]) for each in answer.json() if each["flow_run_id"])
