"""Runs a flow in this process and returns the document that it saved."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter

from pgfleet.cli import temporary_server
from pgfleet.errors import ConfigurationError, PgfleetError

if TYPE_CHECKING:
    from prefect import Flow, State

Document = TypeVar("Document")


def run_flow(flow: "Flow[..., Any]", form: TypeAdapter[Document], **parameters: Any) -> Document:
    """The document that one run of the flow saved. Raises PgfleetError if the run failed."""
    from prefect.exceptions import Abort
    from prefect.settings import PREFECT_API_URL

    from pgfleet.tasks.support.heartbeats import without_heartbeats
    from pgfleet.tasks.support.results import load_result
    from pgfleet.tasks.support.states import raw_result

    temporary_server.hand_over()
    ends_with_command = PREFECT_API_URL.value() is None  # a temporary server, on which nobody waits for heartbeats
    with prefect_errors(), without_heartbeats() if ends_with_command else nullcontext():
        try:
            state = cast("State[Any]", flow(**parameters, return_state=True))
        except Abort as abort:
            raise PgfleetError(f"the {flow.name} was ended: {abort}") from None
        if isinstance(error := raw_result(state), ConfigurationError):
            raise error
        flow_run_id = state.state_details.flow_run_id
        document = load_result(flow_run_id, form) if flow_run_id else None
    if document is None:
        raise PgfleetError(f"the {flow.name} failed: {state.message}")
    return document


@contextmanager
def prefect_errors() -> Iterator[None]:
    """Raises PgfleetError in place of the errors of Prefect's client: its server does not answer, or refuses."""
    import httpx

    try:
        yield
    except (httpx.HTTPError, RuntimeError) as error:
        raise PgfleetError(f"Prefect's API cannot be used ({error}); check PREFECT_API_URL") from error
