"""Addresses in Prefect's web interface."""

from uuid import UUID

from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL


def to_run(flow_run_id: str) -> str:
    """The run, as a link on a page of the web interface itself, wherever that is served."""
    return f"/runs/flow-run/{flow_run_id}"


def to_artifact(artifact_id: UUID) -> str:
    """The artifact, as such a link."""
    return f"/artifacts/artifact/{artifact_id}"


def to_key(key: str) -> str:
    """The artifacts of that key, the newest first, as such a link."""
    return f"/artifacts/key/{key}"


def from_elsewhere(link: str) -> str | None:
    """The link with the web interface's own address before it; None where there is none, on a temporary server."""
    page = PREFECT_UI_URL.value() or (PREFECT_API_URL.value() or "").removesuffix("/api")
    return f"{page.rstrip('/')}{link}" if page else None
