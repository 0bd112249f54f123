"""What a tenant is known to contain between two transactions of its rollout."""

import time

from pgfleet.postgres.apply.row_changes import GuardedTables
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.session import Session

LONGEST_SECONDS = 10.0
"""Somebody without pgfleet can change a tenant at any time, so what is known is not relied on for longer."""


class CarriedInspection:
    """The tenant as the last committed step proved it: the next step need not read the catalog before it begins.

    It holds while the connection that proved it keeps the tenant's lock. It is handed out once, so a step that failed,
    and is tried again, reads the catalog.
    """

    def __init__(self) -> None:
        self._found: tuple[TenantInspection, GuardedTables, float] | None = None

    def put(self, inspection: TenantInspection, guarded: GuardedTables) -> None:
        """Replaces what is known, after a step's transaction or under the tenant's lock."""
        self._found = (inspection, guarded, time.monotonic())

    def take(self, session: Session) -> tuple[TenantInspection, GuardedTables] | None:
        """The known inspection, if it is still current; then none is known until the next step sets it again."""
        found, self._found = self._found, None
        if found is None or not session.keeps_tenant_lock:
            return None
        inspection, guarded, since = found
        return (inspection, guarded) if time.monotonic() - since <= LONGEST_SECONDS else None

    def forget(self) -> None:
        """Forgets what is known, because a step changes the tenant in another way."""
        self._found = None
