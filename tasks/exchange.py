"""What flow runs tell each other and the command line, through Prefect's API alone: artifacts without a key."""

from collections.abc import Sequence
from uuid import UUID

from prefect.artifacts import Artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterType
from prefect.client.schemas.sorting import ArtifactSort

from pgfleet.judge.document import AuditDocument, TenantEntry

ENTRIES = "pgfleet-tenants"
DOCUMENT = "pgfleet-audit-document"


def send_entries(tenants: Sequence[TenantEntry]) -> None:
    """Leaves a wave's tenants with its flow run."""
    data = [each.model_dump(mode="json") for each in tenants]
    Artifact(type=ENTRIES, description="Tenants of this wave, as in the audit document", data=data).create()


def receive_entries(flow_run_id: UUID) -> tuple[TenantEntry, ...]:
    """A wave's tenants; empty where its run did not get so far."""
    return tuple(TenantEntry.model_validate(each) for data in _newest(flow_run_id, ENTRIES) for each in data)


def send_document(document: AuditDocument) -> None:
    """Leaves the audit document with its flow run."""
    Artifact(type=DOCUMENT, description="The audit document", data=document.model_dump(mode="json")).create()


def receive_document(flow_run_id: UUID) -> AuditDocument | None:
    """The audit document of a run; None where it did not get so far."""
    return next((AuditDocument.model_validate(data) for data in _newest(flow_run_id, DOCUMENT)), None)


def _newest(flow_run_id: UUID, kind: str) -> list[object]:
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(
                flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]), type=ArtifactFilterType(any_=[kind])
            ),
            sort=ArtifactSort.UPDATED_DESC,
            limit=1,
        )
    return [each.data for each in found]
