"""Makes the automations in Prefect, and changes those that differ."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.schemas.automations import Automation, AutomationCore
from pydantic import ValidationError

from pgfleet.errors import ConfigurationError
from pgfleet.validation import first_fault


class Change(StrEnum):
    """What was done about one."""

    MADE = "made"
    CHANGED = "changed"
    LEFT = "unchanged"


def notification_block(name: str) -> str | None:
    """The id of the notification block of that name, of whatever type; None where there is none."""
    wanted = {
        "block_documents": {"name": {"any_": [name]}, "is_anonymous": {"eq_": False}},
        "block_schemas": {"block_capabilities": {"all_": ["notify"]}},
        "limit": 1,
    }
    with get_client(sync_client=True) as client:
        found: list[dict[str, Any]] = client.request("POST", "/block_documents/filter", json=wanted).json()
    return found[0]["id"] if found else None


def apply_automations(tables: Iterable[Mapping[str, Any]], *, file: str) -> dict[str, Change]:
    """By name, what was done about each. Raises ConfigurationError for a form that Prefect does not know."""
    wanted = [_checked(each, file) for each in tables]
    with get_client(sync_client=True) as client:
        return {each.name: _apply(client, each) for each in wanted}


def _checked(table: Mapping[str, Any], file: str) -> AutomationCore:
    try:
        return AutomationCore.model_validate(table)
    except ValidationError as error:
        key, problem = first_fault(error)
        raise ConfigurationError(file, f"{table['name']}: {key}", problem) from None


def _apply(client: SyncPrefectClient, wanted: AutomationCore) -> Change:
    found = next(iter(client.read_automations_by_name(wanted.name)), None)
    if found is None:
        client.create_automation(wanted)
        return Change.MADE
    if _said(found) == _said(wanted):
        return Change.LEFT
    client.update_automation(found.id, wanted.model_copy(update={"enabled": found.enabled}))
    return Change.CHANGED


def _said(automation: Automation | AutomationCore) -> dict[str, Any]:
    """Of what the file has a say in: whether it is switched on is for those to decide who look at it."""
    return automation.model_dump(mode="json", include={"name", "description", "tags", "trigger", "actions"})
