"""Creates the automations of deployments/automations.yaml in Prefect, and updates those that differ."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events import ActionTypes
from prefect.events.schemas.automations import AutomationCore
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console

from pgfleet.errors import ConfigurationError
from pgfleet.run.files import load_yaml
from pgfleet.validation import first_fault

NOTIFICATION = "send-notification"
NOT_SENT = (
    "Sends no notification yet: under Blocks, create a notification block named {name}, then run `pgfleet automations`."
)
NOTHING = {"type": "do-nothing"}
COMPARED = {"name", "description", "tags", "trigger", "actions"}
"""Not `enabled`: an automation that was switched off in Prefect stays off."""


class Change(StrEnum):
    """What was done with an automation."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AutomationTable(_Table):
    """One automation; Prefect validates its trigger and its actions."""

    name: str
    description: str
    trigger: dict[str, Any]
    actions: tuple[dict[str, Any], ...]


class _KnownAutomation(AutomationCore):
    """From 3.9 on, Prefect's client accepts actions that it does not know, for the server to reject."""

    actions: list[ActionTypes]


class AutomationFile(_Table):
    """The automations, and the name of the notification block that their notifications are sent with."""

    notify: str
    automations: tuple[AutomationTable, ...]


def apply_automation_file(path: Path, console: Console, page: str = "") -> None:
    """Creates or updates the automations of the file and prints what was done. Raises ConfigurationError.

    `page` is the address of Prefect's web interface, if it is known.
    """
    file = load_automations(path)
    block = notification_block(file.notify)
    done = Counter(apply_automations(tables(file, block), file=str(path)).values())
    console.print(f"automations: {', '.join(f'{count} {change}' for change, count in done.items())}")
    if block is None:
        problem = f"Prefect has no notification block named {file.notify}"
        place = f"at {page}/blocks/catalog" if page else "in its web interface, under Blocks"
        advice = f"create one {place} (Slack, Teams, email, webhook, …), then run pgfleet automations"
        console.print(f"no notifications are sent: {problem}; {advice}", soft_wrap=True, markup=False)


def load_automations(path: Path) -> AutomationFile:
    """The automations in the file. Raises ConfigurationError."""
    try:
        return AutomationFile.model_validate(load_yaml(path))
    except ValidationError as error:
        raise ConfigurationError(str(path), *first_fault(error)) from None


def notification_block(name: str) -> str | None:
    """The id of the notification block of that name, of any type; None if there is none."""
    wanted = {
        "block_documents": {"name": {"any_": [name]}, "is_anonymous": {"eq_": False}},
        "block_schemas": {"block_capabilities": {"all_": ["notify"]}},
        "limit": 1,
    }
    with get_client(sync_client=True) as client:
        found: list[dict[str, Any]] = client.request("POST", "/block_documents/filter", json=wanted).json()
    return found[0]["id"] if found else None


def tables(file: AutomationFile, block: str | None) -> list[dict[str, Any]]:
    """The automations in Prefect's form. Notifications use the block with that id, and are omitted without one."""
    found = [{**each.model_dump(), "tags": ["pgfleet"]} for each in file.automations]
    for each in found:
        others = [action for action in each["actions"] if action["type"] != NOTIFICATION]
        sent = [{**action, "block_document_id": block} for action in each["actions"] if action["type"] == NOTIFICATION]
        each["actions"] = [*others, *(sent if block else ())] or [NOTHING]
        if sent and not block:
            each["description"] = f"{each['description'].strip()} {NOT_SENT.format(name=file.notify)}"
    return found


def apply_automations(tables: Iterable[Mapping[str, Any]], *, file: str) -> dict[str, Change]:
    """What was done with each automation, by name. Raises ConfigurationError, before it changes anything."""
    wanted = [_validated(each, file) for each in tables]
    with get_client(sync_client=True) as client:
        return {each.name: _apply(each, client) for each in wanted}


def _validated(table: Mapping[str, Any], file: str) -> AutomationCore:
    try:
        return _KnownAutomation.model_validate(table)
    except ValidationError as error:
        key, problem = first_fault(error)
        raise ConfigurationError(file, f"{table['name']}: {key}", problem) from None


def _apply(wanted: AutomationCore, client: SyncPrefectClient) -> Change:
    found = next(iter(client.read_automations_by_name(wanted.name)), None)
    if found is None:
        client.create_automation(wanted)
        return Change.CREATED
    if found.model_dump(mode="json", include=COMPARED) == wanted.model_dump(mode="json", include=COMPARED):
        return Change.UNCHANGED
    client.update_automation(found.id, wanted.model_copy(update={"enabled": found.enabled}))
    return Change.UPDATED
