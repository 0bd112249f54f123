"""What Prefect logs of findings: that a run has ended, and in which state, is enough."""

import logging

WITH_DATA = "Task run failed with state: "
"""Before it says `Finished in state Blocked('…')`, Prefect logs the state with all of its data, and no traceback."""


def leave_out_findings() -> None:
    """From now on a state that a task returned is not logged with its data; errors are logged as ever."""
    logging.getLogger("prefect.task_runs").addFilter(_is_no_finding)


def _is_no_finding(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(WITH_DATA)
