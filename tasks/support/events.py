"""Emits events for Prefect's automations."""

from collections.abc import Iterable

from prefect.events import emit_event
from prefect.logging import get_logger

from pgfleet.reports.events import Event


def announce(events: Iterable[Event]) -> None:
    """Emits the events in the background, related to the current run. An event that fails is logged."""
    for each in events:
        try:
            emit_event(each.name, resource=each.resource, related=each.related, payload=each.shown_payload)
        except Exception as error:  # noqa: BLE001  # no error here may fail a run whose work is done
            get_logger("pgfleet.reports.events").warning("the event %s was not sent: %s", each.name, error)
