"""What flow runs tell each other and the command line, through Prefect's API alone: artifacts without a key."""

from collections.abc import Sequence
from uuid import UUID

from prefect.artifacts import Artifact
from prefect.client.orchestration import get_client
from pydantic import TypeAdapter

from pgfleet.judge.document import AuditDocument, TenantEntry

RESULT = "result"
"""Prefect's own type for data that is no page; a run leaves one: a wave its tenants, an audit its document."""
ENTRY_LIST = TypeAdapter(tuple[TenantEntry, ...])


def send_entries(tenants: Sequence[TenantEntry]) -> None:
    """Leaves a wave's tenants with its flow run."""
    data = ENTRY_LIST.dump_python(tuple(tenants), mode="json")
    Artifact(type=RESULT, description="Tenants of this wave, as in the audit document", data=data).create()


def receive_entries(flow_run_id: UUID) -> tuple[TenantEntry, ...]:
    """A wave's tenants; empty where its run did not get so far."""
    return next((ENTRY_LIST.validate_json(text) for text in _newest(flow_run_id)), ())


def send_document(document: AuditDocument) -> None:
    """Leaves the audit document with its flow run."""
    Artifact(type=RESULT, description="The audit document", data=document.model_dump(mode="json")).create()


def receive_document(flow_run_id: UUID) -> AuditDocument | None:
    """The audit document of a run; None where it did not get so far."""
    return next((AuditDocument.model_validate_json(text) for text in _newest(flow_run_id)), None)


def _newest(flow_run_id: UUID) -> list[str]:
    """The data, as JSON text, of the run's newest result, in a list of one; of none, an empty list.

    Asked of the API itself: Prefect 3.8's client sends nulls for the filters that are left out, which the server
    refuses, and empty ones in their place leave out artifacts that no task run made.
    """
    wanted = {"flow_run_id": {"any_": [str(flow_run_id)]}, "type": {"any_": [RESULT]}}
    with get_client(sync_client=True) as client:
        answer = client.request(
            "POST", "/artifacts/filter", json={"artifacts": wanted, "sort": "UPDATED_DESC", "limit": 1}
        )
    return [each["data"] for each in answer.json()]
