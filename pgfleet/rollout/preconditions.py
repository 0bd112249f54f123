"""The errors of a tenant that cannot be worked on as it is connected."""

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.plan import PlannedMigration
from pgfleet.errors import AccessRefused, BehindPooler, PgfleetError


def standby_error() -> AccessRefused:
    """The error of a write to a standby."""
    return AccessRefused(ConnectFailure.STANDBY.describe("its server"), "", None, ConnectFailure.STANDBY)


def pooler_error(file: str) -> BehindPooler:
    """The error of a script outside a transaction, whose lock needs a session of its own."""
    return BehindPooler(f"{file} runs outside a transaction")


def refusal(planned: PlannedMigration, file: str) -> PgfleetError:
    """The error of a migration that the plan refuses, for its reason."""
    behind_pooler = pooler_error(file)
    if planned.reason is None or planned.reason.startswith(str(behind_pooler)):
        return behind_pooler
    return PgfleetError(planned.reason)
