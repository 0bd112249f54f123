"""Filters of Prefect's log: what the states of runs say already is not logged."""

import logging

from prefect.exceptions import FailedRun

from pgfleet.hidden_characters import KEPT_IN_BLOCKS, show_hidden

WITH_DATA = "Task run failed with state: "
"""Prefect logs the state with all of its data, before it logs `Finished in state Blocked('…')`."""

COMPLETED = "Finished in state "
"""Logged for each completed run: a row in Prefect's database, thousands a night."""

BROKEN = "Engine execution exited with unexpected exception"
"""A worker's process logs this, with a traceback, for each flow run that ends as Failed."""


def filter_findings() -> None:
    """Leaves out the data of returned states, completed task runs, and tracebacks of runs that ended as Failed.

    Hidden characters of what remains are shown.
    """
    for name, is_wanted in (("prefect.task_runs", _is_news), ("prefect.flow_runs", _is_no_finding)):
        logging.getLogger(name).addFilter(is_wanted)
        logging.getLogger(name).addFilter(_with_hidden_shown)


def _with_hidden_shown(record: logging.LogRecord) -> bool:
    """Shows what a message hides, which may quote a tenant's text. The lines of Prefect's tracebacks remain."""
    record.msg, record.args = show_hidden(record.getMessage(), keep=KEPT_IN_BLOCKS), ()
    return True


def _is_no_finding(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not (str(record.msg) == BROKEN and isinstance(error, FailedRun))


def _is_news(record: logging.LogRecord) -> bool:
    message = str(record.msg)
    is_completed = record.levelno <= logging.INFO and message.startswith(COMPLETED)
    return not is_completed and not message.startswith(WITH_DATA)
