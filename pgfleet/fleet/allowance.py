"""How many connections a server may be asked for, by what it has free."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A server's connections: how many there are, kept for superusers and the like, and used by others than pgfleet.

    `role_most` is how many our role may have, None where it has no limit; `role_used` what others use under it.
    """

    most: int
    reserved: int
    used: int
    role_most: int | None = None
    role_used: int = 0

    @property
    def free(self) -> int:
        """What is left for us, at least none."""
        by_role = self.most if self.role_most is None else self.role_most - self.role_used
        return max(0, min(self.most - self.reserved - self.used, by_role))


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """So many connections at once; `reason` is why it is not as many as the policy says, or None."""

    connections: int
    reason: str | None = None


def allow(room: Room, *, most: int, share_percent: int) -> Allowance:
    """The policy's `most`, or its share of what is free where that is less; one in any case."""
    share = room.free * share_percent // 100
    if share >= most:
        return Allowance(connections=most)
    return Allowance(connections=max(1, share), reason=_said(room, share_percent))


def _said(room: Room, share_percent: int) -> str:
    """`6 of 100 connections are free (3 reserved, 91 in use), and connection_share is 50%`."""
    details = [f"{room.reserved} reserved", f"{room.used} in use"]
    if room.role_most is not None:
        details.append(f"the role may have {room.role_most}, {room.role_used} in use")
    free = f"{room.free} of {room.most} connections are free ({', '.join(details)})"
    return f"{free}, and connection_share is {share_percent}%"
