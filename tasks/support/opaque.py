"""Task arguments that Prefect passes on as they are."""

from typing import TypeVar, cast

from prefect.utilities import annotations

Value = TypeVar("Value")


def opaque(value: Value) -> Value:
    """The argument as Prefect's `opaque`, typed as what the task receives.

    Prefect otherwise searches every argument of every task run for upstream results, which takes a tenth of a flow's
    processor time where the argument is a run's context.
    """
    return cast("Value", annotations.opaque(value))
