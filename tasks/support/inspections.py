"""The inspections of an environment's tenants, kept in Prefect for the next run: an artifact without a key."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import httpx
from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from pydantic import TypeAdapter, ValidationError

from pgfleet.fleet.model import Environment
from pgfleet.hidden_characters import escape_json
from pgfleet.judge.unchanged import EarlierInspection, earlier_inspections
from pgfleet.tasks.support.current_run import is_in_parent_process
from pgfleet.tasks.support.results import INSPECTED, load_result

INSPECTIONS: TypeAdapter[tuple[EarlierInspection, ...]] = TypeAdapter(tuple[EarlierInspection, ...])

_latest: dict[str, tuple[EarlierInspection, ...]] = {}
"""By environment, in the process of the parent: its waves there need no request for them."""


def load_inspections(environment: Environment) -> Mapping[str, EarlierInspection]:
    """The inspections of earlier runs that may still hold, by tenant.

    A wave in the process of its parent gets what that has loaded or saved last.
    """
    if environment.name not in _latest or not is_in_parent_process():
        _latest[environment.name] = _request(environment.name)
    return earlier_inspections(_latest[environment.name], datetime.now(UTC), environment.policy.full_audit_every)


def save_inspections(environment: Environment, inspections: Iterable[EarlierInspection]) -> None:
    """Saves these for the next run, with those of the tenants that were not inspected now."""
    known = _latest.get(environment.name, ())
    found = earlier_inspections((*known, *inspections), datetime.now(UTC), environment.policy.full_audit_every)
    values = _latest[environment.name] = tuple(found.values())
    data, run_id = escape_json(INSPECTIONS.dump_json(values).decode()), UUID(str(runtime.flow_run.id))
    description = "What is known of the tenants' catalogs, for the next run"
    # Without them the next run reads everything; a rollout that has changed tenants must not end for that.
    with suppress(httpx.HTTPError), get_client(sync_client=True) as client:
        client.create_artifact(
            ArtifactCreate(type=_type(environment.name), description=description, data=data, flow_run_id=run_id)
        )


def inspections_of(waves: Iterable[UUID]) -> Iterator[EarlierInspection]:
    """The inspections that these flow runs of waves saved."""
    for run_id in waves:
        yield from load_result(run_id, INSPECTIONS, kind=INSPECTED) or ()


def _request(environment: str) -> tuple[EarlierInspection, ...]:
    """Those that a run saved last; none if there are none, or if another version of pgfleet saved them."""
    body = {"artifacts": {"type": {"any_": [_type(environment)]}}, "sort": "CREATED_DESC", "limit": 1}
    with get_client(sync_client=True) as client:
        answer = client.request("POST", "/artifacts/filter", json=body)
    try:
        return next((INSPECTIONS.validate_json(each["data"]) for each in answer.json()), ())
    except ValidationError:
        return ()


def _type(environment: str) -> str:
    return f"inspections of {environment}"
