"""Arguments of task runs that Prefect takes as they are."""

from typing import TypeVar, cast

from prefect.utilities.annotations import opaque

Value = TypeVar("Value")


def whole(value: Value) -> Value:
    """The argument to hand to a task, which is given `value` itself.

    Prefect sees from which run it comes, and does not look within it for what comes from others: in a brief of hundreds
    of tenants, or a catalog, that takes longer than the task.
    """
    return cast("Value", opaque(value))
