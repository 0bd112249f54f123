"""Restarts one service."""

from prefect import get_run_logger, task

from pgfleet.documents.ring import RestartEntry
from pgfleet.run import services
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="restart", task_run_name="restart {service}", **STEP_OPTIONS)
def restart_service(service: str, context: RunContext) -> RestartEntry:
    """Restarts the service as the environment's policy says; its output goes to the log of the task run."""
    chosen = next(each for each in context.environment.policy.rollout.restarts if each.service == service)
    detail = services.restart(chosen, get_run_logger().info)
    return RestartEntry(service=service, restarted=True, detail=detail)
