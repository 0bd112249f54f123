"""Checks that the waves of an environment can run on workers."""

from collections.abc import Iterable
from typing import Any

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from pgfleet.errors import FleetError
from pgfleet.fleet.model import Environment
from pgfleet.run import settings

DEPLOY = "PGFLEET_WORK_POOL='{pool}' prefect --no-prompt deploy --all --prefect-file deployments/waves.yaml"


def check_deployed(environment: Environment, waves: Iterable[Flow[..., Any]]) -> None:
    """Raises FleetError, which says what to run, if one of the waves has no deployment on the environment's work pool.

    Does nothing if the environment has no work pool.
    """
    if environment.policy.waves.work_pool is None:
        return
    if not PREFECT_API_URL.value():
        raise _error(environment, "distribute", "needs a Prefect server that the workers share: set PREFECT_API_URL")
    with get_client(sync_client=True) as client:
        _require_pool(client, environment)
        for wave in waves:
            _require_deployment(client, environment, wave)


def _require_pool(client: SyncPrefectClient, environment: Environment) -> None:
    pool = environment.policy.waves.work_pool or ""
    try:
        client.read_work_pool(pool)
    except ObjectNotFound:
        problem = f"Prefect has no work pool '{pool}'; run prefect work-pool create --type process '{pool}'"
        raise _error(environment, "work_pool", problem) from None


def _require_deployment(client: SyncPrefectClient, environment: Environment, wave: Flow[..., Any]) -> None:
    pool = environment.policy.waves.work_pool or ""
    try:
        found = client.read_deployment_by_name(f"{wave.name}/{pool}")
    except ObjectNotFound:
        problem = f"Prefect has no deployment '{wave.name}/{pool}'; run {DEPLOY.format(pool=pool)}"
        raise _error(environment, "work_pool", problem) from None
    if found.work_pool_name != pool:
        problem = f"the deployment '{wave.name}/{pool}' is on '{found.work_pool_name}'; run {DEPLOY.format(pool=pool)}"
        raise _error(environment, "work_pool", problem)


def _error(environment: Environment, key: str, problem: str) -> FleetError:
    return FleetError(str(settings.Settings().config), f"environments.{environment.name}.{key}", problem)
