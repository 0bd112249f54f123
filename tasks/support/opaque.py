"""Task arguments that Prefect does not inspect."""

from typing import TypeVar, cast

from prefect.utilities import annotations

Value = TypeVar("Value")


def opaque(value: Value) -> Value:
    """The argument as Prefect's `opaque`, typed as what the task receives.

    Prefect otherwise searches every argument of every task run for upstream results. For a run's context, that takes
    a tenth of a flow's processor time.
    """
    return cast("Value", annotations.opaque(value))
