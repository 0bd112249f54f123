"""Tells Prefect what happened, for its automations."""

from collections.abc import Iterable

from prefect.events import emit_event
from prefect.logging import get_logger

from pgfleet.reports.events import Event


def announce(events: Iterable[Event]) -> None:
    """Sends each behind the run, which Prefect relates it to. One that cannot be sent is logged, and fails nothing."""
    for each in events:
        try:
            emit_event(each.name, resource=each.resource, related=each.related, payload=dict(each.payload))
        except Exception as error:  # noqa: BLE001  # whatever it is: the run has done what it was for
            get_logger("pgfleet.reports.events").warning("the event %s was not sent: %s", each.name, error)
