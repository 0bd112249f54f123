"""Connection poolers between pgfleet and a server."""

from enum import StrEnum


class Pooler(StrEnum):
    """The modes of a pooler."""

    TRANSACTION = "transaction"
    """A server session is assigned for one transaction; session state does not persist."""
    SESSION = "session"
    """A server session is assigned for the duration of the connection, as without a pooler."""
