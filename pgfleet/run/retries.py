"""Which errors are retried, and how often (docs/errors.md)."""

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from pgfleet.errors import ConnectionLimitTimeout, PgfleetError, ServerSilent
from pgfleet.run import interruption

RETRIES = 3
FIRST_DELAY_SECONDS = 0.5
NOT_RETRIED = (ConnectionLimitTimeout, ServerSilent)
"""These have waited long enough."""


def is_transient(error: object) -> bool:
    """Whether a retry can succeed. Not after one of `NOT_RETRIED`."""
    return isinstance(error, PgfleetError) and error.transient and not isinstance(error, NOT_RETRIED)


retrying = Retrying(
    retry=retry_if_exception(is_transient),
    stop=stop_after_attempt(RETRIES + 1),
    wait=wait_random_exponential(multiplier=FIRST_DELAY_SECONDS, max=FIRST_DELAY_SECONDS * 2**RETRIES),
    sleep=interruption.sleep,
    reraise=True,
)
"""Calls a function with its arguments, and again after a transient error."""
