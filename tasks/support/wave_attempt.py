"""Decides whether the worker that runs a wave is lost."""

from dataclasses import dataclass

from prefect.client.schemas.objects import StateType

STARTING_SECONDS = 300.0
"""The time a worker may take, beyond the silence, to start a run that it has taken: it may have to pull an image."""
MOST_ATTEMPTS = 3
"""A wave that kills every worker it runs on must not go on to kill the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What Prefect's API says about an attempt: its state, its latest heartbeat, and how many tenants it finished."""

    state: StateType
    heartbeat: str | None = None
    finished: int = 0


class Attempt:
    """One flow run of a wave on a worker, and since when nothing about it has changed.

    Only this process's clock is read, so that the clocks of workers and of Prefect's server do not matter.
    """

    def __init__(self, now_seconds: float) -> None:
        self.observation = Observation(state=StateType.SCHEDULED)
        self.changed_at_seconds = now_seconds

    def observe(self, observation: Observation, now_seconds: float) -> None:
        """Records an observation; any change shows that the worker is alive."""
        if observation != self.observation:
            self.reset_deadline(now_seconds)
        self.observation = observation

    def reset_deadline(self, now_seconds: float) -> None:
        """Restarts the silence, for example because Prefect's API did not answer."""
        self.changed_at_seconds = now_seconds

    def silent_seconds(self, now_seconds: float) -> float:
        """How long nothing has changed."""
        return now_seconds - self.changed_at_seconds

    def is_lost(self, silence_seconds: float, now_seconds: float) -> bool:
        """Whether nothing has changed for too long. An attempt that no worker has taken may wait forever."""
        silent_seconds = self.silent_seconds(now_seconds)
        if self.observation.state is StateType.PENDING:
            return silent_seconds > silence_seconds + STARTING_SECONDS
        return self.observation.state is StateType.RUNNING and silent_seconds > silence_seconds
