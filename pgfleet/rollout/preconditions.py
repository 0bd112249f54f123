"""Where work on a tenant has no footing, however right its plan: how that is told."""

from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import AccessRefused, BehindPooler


def standby_error() -> AccessRefused:
    """The error of work that would write to a standby."""
    because = ConnectFailure.STANDBY
    return AccessRefused(because.sentence("its server", "", 0), "", None, because)


def pooler_error(file: str) -> BehindPooler:
    """The error of a script that runs in no transaction, and would be under a lock of a session that is not ours."""
    return BehindPooler(f"{file} runs in no transaction")
