"""The automations in Prefect, as deployments/automations.yaml has them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pgfleet.cli.yaml_file import read_yaml
from pgfleet.errors import ConfigurationError
from pgfleet.validation import first_fault

NOTIFICATION = "send-notification"
NOTHING = {"type": "do-nothing"}


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Automation(_Table):
    """One automation; its trigger and actions are held against their form by Prefect."""

    name: str
    description: str
    trigger: Mapping[str, Any]
    actions: tuple[Mapping[str, Any], ...]

    @property
    def notifies(self) -> bool:
        """Whether it tells anybody."""
        return any(each.get("type") == NOTIFICATION for each in self.actions)


class AutomationFile(_Table):
    """All of them, and the name of the block that notifications are sent by."""

    notify: str
    automations: tuple[Automation, ...]


def parse_automations(tables: object, *, file: str) -> AutomationFile:
    """The file by its form. Raises ConfigurationError."""
    try:
        return AutomationFile.model_validate(tables)
    except ValidationError as error:
        raise ConfigurationError(file, *first_fault(error)) from None


def tables_of(file: AutomationFile, block: str | None) -> Iterator[dict[str, Any]]:
    """Each as Prefect takes it, with notifications sent by the block of that id; without one they do nothing."""
    for each in file.automations:
        actions = [_sent_by(action, block) for action in each.actions]
        others = [action for action in actions if action != NOTHING]
        yield {
            "name": each.name,
            "description": each.description,
            "tags": ["pgfleet"],
            "trigger": dict(each.trigger),
            "actions": others or [NOTHING],
        }


def _sent_by(action: Mapping[str, Any], block: str | None) -> dict[str, Any]:
    if action.get("type") != NOTIFICATION:
        return dict(action)
    return {**action, "block_document_id": block} if block else dict(NOTHING)


def load_automations(path: Path) -> AutomationFile:
    """The automations at `path`. Raises ConfigurationError."""
    return parse_automations(read_yaml(path), file=str(path))
