"""The errors of a tenant that cannot be worked on as it is connected."""

from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import AccessRefused, BehindPooler


def standby_error() -> AccessRefused:
    """The error of a write to a standby."""
    return AccessRefused(ConnectFailure.STANDBY.describe("its server"), "", None, ConnectFailure.STANDBY)


def pooler_error(file: str) -> BehindPooler:
    """The error of a script outside a transaction, whose lock needs a session of its own."""
    return BehindPooler(f"{file} runs outside a transaction")
