"""What stands between pgfleet and a server, and what it takes away."""

from enum import StrEnum


class Pooler(StrEnum):
    """How a pooler lends the server's sessions out."""

    TRANSACTION = "transaction"
    """For one transaction: whatever is to outlive that is lost, or another client's."""
    SESSION = "session"
    """For as long as we stay connected: as if there were none."""
