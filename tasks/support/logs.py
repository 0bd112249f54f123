"""What Prefect logs of runs: their states say it already."""

import logging

from prefect.exceptions import FailedRun

WITH_DATA = "Task run failed with state: "
"""Before it says `Finished in state Blocked('…')`, Prefect logs the state with all of its data, and no traceback."""

COMPLETED = "Finished in state "
"""With every run that went well: a row in Prefect's database for each, thousands a night."""


BROKEN = "Engine execution exited with unexpected exception"
"""What a worker's process logs, with a traceback of Prefect's own, of every flow run that ends as Failed."""


def leave_out_findings() -> None:
    """From now on a state that a task returned is not logged with its data, nor that a task run is completed.

    Nor is a flow run that ended as Failed because of what it found taken for one that broke. Errors are logged as ever.
    """
    logging.getLogger("prefect.task_runs").addFilter(_says_more_than_states)
    logging.getLogger("prefect.flow_runs").addFilter(_is_no_finding)


def _is_no_finding(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not (str(record.msg) == BROKEN and isinstance(error, FailedRun))


def _says_more_than_states(record: logging.LogRecord) -> bool:
    said = str(record.msg)
    is_completed = record.levelno <= logging.INFO and said.startswith(COMPLETED)
    return not is_completed and not said.startswith(WITH_DATA)
