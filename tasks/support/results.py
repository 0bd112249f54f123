"""What flow runs tell each other and the command line, through Prefect's API alone: artifacts without a key."""

from typing import TypeVar
from uuid import UUID

from prefect.artifacts import Artifact
from prefect.client.orchestration import get_client
from pydantic import TypeAdapter

from pgfleet.documents.audit import AuditDocument, TenantEntry
from pgfleet.documents.manifest_proof import ManifestProof
from pgfleet.documents.plan import RolloutPlan, TenantPlan
from pgfleet.documents.repair import RepairDocument, TenantRepair
from pgfleet.documents.rollout import CountDocument, RolloutDocument, TenantCounts, TenantResult, WatchEntry

Form = TypeVar("Form")

RESULT = "result"
"""Prefect's own type for data that is no page; a run leaves one: a wave its tenants, an audit its document."""
PLAN = "plan"
"""The plan of a rollout, which its waves take from there."""
MOST_RUNS = 5

ENTRIES: TypeAdapter[tuple[TenantEntry, ...]] = TypeAdapter(tuple[TenantEntry, ...])
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


def save_result(value: Form, form: TypeAdapter[Form], description: str, *, kind: str = RESULT) -> None:
    """Leaves a value with the flow run that this is called in."""
    Artifact(type=kind, description=description, data=form.dump_python(value, mode="json")).create()


def load_result(flow_run_id: UUID, form: TypeAdapter[Form], *, kind: str = RESULT) -> Form | None:
    """What that run left last; None where it did not get so far.

    Asked of the API itself: Prefect 3.8's client sends nulls for the filters that are left out, which the server
    refuses, and empty ones in their place leave out artifacts that no task run made.
    """
    wanted = {"flow_run_id": {"any_": [str(flow_run_id)]}, "type": {"any_": [kind]}}
    with get_client(sync_client=True) as client:
        answer = client.request(
            "POST", "/artifacts/filter", json={"artifacts": wanted, "sort": "UPDATED_DESC", "limit": 1}
        )
    return next((form.validate_json(each["data"]) for each in answer.json()), None)


def runs_that_published(key: str) -> tuple[UUID, ...]:
    """The flow runs that published artifacts of that key, the latest first, at most a few."""
    body = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": MOST_RUNS}
    with get_client(sync_client=True) as client:
        answer = client.request("POST", "/artifacts/filter", json=body)
    return tuple(UUID(each["flow_run_id"]) for each in answer.json() if each["flow_run_id"])
