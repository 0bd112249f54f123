"""What Prefect logs of task runs: their states say it already."""

import logging

WITH_DATA = "Task run failed with state: "
"""Before it says `Finished in state Blocked('…')`, Prefect logs the state with all of its data, and no traceback."""


COMPLETED = "Finished in state "
"""With every run that went well: a row in Prefect's database for each, thousands a night."""


def leave_out_findings() -> None:
    """From now on a state that a task returned is not logged with its data, nor that a run is completed.

    Errors are logged as ever.
    """
    logging.getLogger("prefect.task_runs").addFilter(_says_more_than_states)


def _says_more_than_states(record: logging.LogRecord) -> bool:
    said = str(record.msg)
    is_completed = record.levelno <= logging.INFO and said.startswith(COMPLETED)
    return not is_completed and not said.startswith(WITH_DATA)
