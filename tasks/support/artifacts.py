"""Keys and addresses of artifacts and runs, and what the pages of artifacts have in common."""

import hashlib
import re
from uuid import UUID

from prefect import get_run_logger
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL

from pgfleet.reports.markup import escaped
from pgfleet.run.context import RunContext

PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""A name without double dashes, as those of environments are."""
IN_KINDS = frozenset({"dry", "plan", "revert", "rollout", "seed", "summary"})
"""Words that continue a kind: `plan` of the environment `summary` is not `plan-summary` of another one."""


def with_place(page: str, place: str) -> str:
    """The page, followed by the sentence that says where the report file is, if there is one."""
    return f"{page}\n{escaped(place)}\n" if place else page


def key_of(kind: str, context: RunContext) -> str:
    """`audit-prod`, or `audit-prod--selection` if the run is about some of the environment's tenants only."""
    return artifact_key(kind, context.environment.name, "selection" if context.is_partial else "")


def artifact_key(kind: str, environment: str, detail: str = "") -> str:
    """A key as Prefect requires it (lowercase letters, digits, dashes), different for different arguments.

    `tenant-prod--eu-acme` is not `tenant-prod-eu--acme`. A digest keeps names with other characters distinct.
    """
    separator = "--" if environment.split("-", maxsplit=1)[0] in IN_KINDS else "-"
    return f"{kind}{separator}{environment}" + (f"--{_plain(detail)}" if detail else "")


def _plain(name: str) -> str:
    if PLAIN.fullmatch(name):
        return name
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{plain}---{hashlib.sha256(name.encode()).hexdigest()[:12]}"


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


def log_link(level: int, said: str, link: str) -> None:
    """Logs a link, because the log is the first thing that the run's page shows."""
    if address := from_elsewhere(link):
        get_run_logger().log(level, "%s: %s", said, address)
