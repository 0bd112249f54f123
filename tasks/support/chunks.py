"""Task runs that cover several tenants: what happened to each of them is in the state."""

from collections.abc import Callable, Sequence
from typing import Any

from prefect import State
from prefect.states import Completed

from pgfleet.hidden_characters import show_hidden
from pgfleet.tasks.support.states import raw_result

CHUNK_OF = "tenants: "
"""In the names of these task runs, between their number of tenants and the first one."""
SEPARATOR = ", "


def chunk_name(work: str, tenants: Sequence[str]) -> str:
    """`audit 9 tenants: acme …`."""
    return f"{work} {len(tenants)} {CHUNK_OF}{tenants[0]} …"


def cover(
    tenants: Sequence[str], covered: Callable[[str], State[Any] | None], detailed: Callable[[str], State[Any]]
) -> State[tuple[State[Any], ...]]:
    """Works on the tenants one after another; returns their states in order, and a message that lists them.

    `covered` returns None for a tenant that needs task runs of its own, or raises an error; `detailed` then makes them,
    and does the work again with retries.
    """
    states = tuple(_covered(each, covered) or detailed(each) for each in tenants)
    shown = (f"{tenant} {state.name}" for tenant, state in zip(tenants, states, strict=True))
    return Completed(message=show_hidden(SEPARATOR.join(shown)), data=states)


def tenant_state(state: State[Any], position: int) -> State[Any]:
    """The state of one of the tenants that a task run covered; that of the task run if it broke."""
    found = raw_result(state)
    return found[position] if isinstance(found, tuple) else state


def listed_states(message: str) -> dict[str, str]:
    """The names of the tenants' states that `cover` listed in its message."""
    return dict(each.split(" ", 1) for each in message.split(SEPARATOR))


def _covered(tenant: str, covered: Callable[[str], State[Any] | None]) -> State[Any] | None:
    try:
        return covered(tenant)
    except Exception:  # noqa: BLE001 (the tenant's own task run meets it again, and shows it)
        return None
