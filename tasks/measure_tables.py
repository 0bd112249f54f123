"""Measures the tables that a rollout will work on."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from prefect import get_run_logger, task

from pgfleet.documents.plan import TableSize
from pgfleet.errors import PgfleetError
from pgfleet.hazards.model import Relation
from pgfleet.postgres.read.partitions import read_sizes
from pgfleet.postgres.read.servers import workers_for
from pgfleet.postgres.tenant_session import open_session
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS


@task(name="measure tables", **STEP_OPTIONS)
def measure_tables(
    wanted: Mapping[str, Sequence[Relation]], context: RunContext
) -> Mapping[str, tuple[TableSize, ...]]:
    """The sizes of each tenant's tables, by the tenant's name; none of a tenant that does not answer now.

    One task run for all tenants, because nobody looks for one of them here.
    """

    log = get_run_logger()

    def measure(name: str) -> tuple[TableSize, ...]:
        try:
            with open_session(context.tenant(name), context) as session:
                return read_sizes(session, wanted[name])
        except PgfleetError as error:
            log.warning("The tables of %s could not be measured: %s", name, error)
            return ()

    with ThreadPoolExecutor(workers_for(context.environment)) as pool:
        return dict(zip(wanted, pool.map(measure, wanted), strict=True))
