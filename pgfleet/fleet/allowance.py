"""How many connections pgfleet may open to a server, given the server's free connections."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCapacity:
    """A server's connections: in total, reserved (for superusers etc.), and used by others than pgfleet.

    `role_limit` is the limit of pgfleet's role, if it has one; `role_used` are the role's connections of others.
    """

    total: int
    reserved: int
    used: int
    role_limit: int | None = None
    role_used: int = 0

    @property
    def free(self) -> int:
        """The number of connections that pgfleet may use, at least 0."""
        by_role = self.total if self.role_limit is None else self.role_limit - self.role_used
        return max(0, min(self.total - self.reserved - self.used, by_role))


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The number of simultaneous connections; `reason` says why it is below the policy's limit, if it is."""

    connections: int
    reason: str | None = None


def find_allowance(capacity: ServerCapacity, *, limit: int, share_percent: int) -> Allowance:
    """The policy's `limit`, or its share of the free connections if that is less; at least 1."""
    share = capacity.free * share_percent // 100
    if share >= limit:
        return Allowance(connections=limit)
    return Allowance(connections=max(1, share), reason=_reason(capacity, share_percent))


def _reason(capacity: ServerCapacity, share_percent: int) -> str:
    """`6 of 100 connections are free (3 reserved, 91 in use), and connection_share is 50%`."""
    details = [f"{capacity.reserved} reserved", f"{capacity.used} in use"]
    if capacity.role_limit is not None:
        details.append(f"the role's limit is {capacity.role_limit}, {capacity.role_used} in use")
    free = f"{capacity.free} of {capacity.total} connections are free ({', '.join(details)})"
    return f"{free}, and connection_share is {share_percent}%"
