"""What a rollout gives its waves and makes of what they left."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from prefect import State, runtime

from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.document import TenantEntry, Verdict
from pgfleet.judge.tenant import unjudged
from pgfleet.rollout.budget import COUNTED, is_exceeded
from pgfleet.rollout.plan import TenantPlan
from tasks.halting import halt


def names_of(those: Iterable[Tenant | TenantPlan]) -> list[str]:
    """Their names, which are all that a wave is given of them."""
    return [each.name for each in those]


def plans_of(wave: Sequence[Tenant], left: Iterable[TenantPlan], state: State[Any]) -> list[TenantPlan]:
    """The plan of each tenant of the wave; of one that the wave has not left it is not known what to do."""
    found = {each.name: each for each in left}
    reason = f"the wave broke off: {state.name}: {state.message}"
    lost = (TenantPlan(name=each.name, ring=each.ring, obstacle=Verdict.UNKNOWN, reason=reason) for each in wave)
    return [found.get(each.name, each) for each in lost]


def entries_of(wave: Sequence[Tenant], left: Iterable[TenantEntry], state: State[Any]) -> list[TenantEntry]:
    """The audit of each tenant of the wave after a soak; one that the wave has not left is unknown."""
    found = {each.name: each for each in left}
    error = PgfleetError(f"the audit after the soak broke off: {state.name}: {state.message}")
    return [found.get(each.name) or unjudged(each, error) for each in wave]


def halting(ring: str, allowed: int | None) -> Callable[[Sequence[str]], None]:
    """Halts the ring, for the waves of it that are under way, as soon as more of its tenants have failed than may."""
    said_so: list[bool] = []

    def watch(results: Sequence[str]) -> None:
        failures = sum(each in COUNTED for each in results)
        if allowed is not None and is_exceeded(failures, allowed) and not said_so:
            halt(runtime.flow_run.id, ring)
            said_so.append(True)

    return watch
