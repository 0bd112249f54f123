"""Which tenants of a wave share a task run, and how many share one."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pgfleet.postgres.read.turns import Chunk, Future

LEAST_TENANTS, MOST_TENANTS = 5, 25
"""Of one task run, so that there are few of them, and yet progress, and work for every connection until the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """`submit` starts one task for several tenants.

    `result` returns what the finished task found in the tenant at a position of its chunk, or raises its error.
    """

    submit: Callable[[Chunk], Future]
    result: Callable[[Future, int], Any]

    def size(self, waiting: Chunk, bound: int) -> int:
        """How many of the server's waiting tenants share the next task run, if `bound` may run at once."""
        share = min(MOST_TENANTS, max(LEAST_TENANTS, math.ceil(len(waiting) / bound)))
        return max(1, min(len(waiting), share))
