"""Loads the previous audit of an environment."""

from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import Task, get_run_logger, runtime, task
from prefect.client.schemas.objects import State, TaskRun
from pydantic import ValidationError

from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.audit_context import Source
from pgfleet.errors import ConfigurationError
from pgfleet.judge.lineage import is_same_lineage
from pgfleet.judge.summary import manifest_entry
from pgfleet.judge.trend import PreviousAudit
from pgfleet.run import files
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.artifacts import artifact_key
from pgfleet.tasks.support.results import AUDIT_DOCUMENT, load_result, runs_that_published
from pgfleet.tasks.support.retries import PUBLISH_OPTIONS
from pgfleet.tasks.support.states import raw_result


def may_succeed(_task: Task[..., Any], _task_run: TaskRun, state: State[Any]) -> bool:
    """Prefect's API may answer next time; a wrong file stays wrong."""
    return not isinstance(raw_result(state), ConfigurationError)


@task(name="load previous audit", retry_condition_fn=may_succeed, **PUBLISH_OPTIONS)
def load_previous_audit(context: RunContext, file: str | None) -> PreviousAudit | None:
    """The audit document in `file`, or else that of the latest full audit in Prefect; None if there is none.

    An audit of another manifest counts as none. Raises ConfigurationError if the file is not an audit document of the
    environment.
    """
    environment, manifest = context.environment.name, manifest_entry(context.manifest)
    if file is not None:
        document = files.load_audit(Path(file), environment)
        is_same = is_same_lineage(document.manifest, manifest)
        return PreviousAudit(document=document, source=Source.FILE) if is_same else None
    for run_id in runs_that_published(artifact_key("audit", environment)):
        if str(run_id) != str(runtime.flow_run.id):  # a retried run is not compared with itself
            found = _load(run_id)
            if found and found.environment == environment and is_same_lineage(found.manifest, manifest):
                return PreviousAudit(document=found, source=Source.PREFECT)
    return None


def _load(run_id: UUID) -> AuditDocument | None:
    """The document that the run saved; None if there is none, or if this version cannot read it."""
    try:
        return load_result(run_id, AUDIT_DOCUMENT)
    except ValidationError:
        get_run_logger().warning("The audit document of run %s cannot be read and is ignored", run_id)
        return None
