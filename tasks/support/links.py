"""Links into Prefect's web interface."""

from uuid import UUID

from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL


def to_run(flow_run_id: str) -> str:
    """A link to the run for a page of the web interface itself, relative to its address."""
    return f"/runs/flow-run/{flow_run_id}"


def to_artifact(artifact_id: UUID) -> str:
    """The same for an artifact."""
    return f"/artifacts/artifact/{artifact_id}"


def to_key(key: str) -> str:
    """The same for the artifacts with that key, the newest first."""
    return f"/artifacts/key/{key}"


def from_elsewhere(link: str) -> str | None:
    """The link with the address of the web interface; None on a temporary server, which has none."""
    page = PREFECT_UI_URL.value() or (PREFECT_API_URL.value() or "").removesuffix("/api")
    return f"{page.rstrip('/')}{link}" if page else None
