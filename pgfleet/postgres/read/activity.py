"""Reads the activity of a watched table."""

from datetime import datetime

from pgfleet.errors import PermanentError
from pgfleet.manifest.model import Watch
from pgfleet.manifest.statement_names import tables_of
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.queries import qualified, quoted
from pgfleet.postgres.session import Session
from pgfleet.rollout.activity import ActivityObservation
from pgfleet.run.shipped import statement

BEGAN = "SELECT pg_catalog.set_config('pgfleet.watch_began_at', %(began_at)s, true)"


def read_activity(session: Session, watch: Watch, *, began_at: datetime) -> ActivityObservation:
    """The table's counters, and for a queue the overdue tasks and those taken since `began_at`.

    A permanent error becomes the observation's fault. Raises transient DatabaseErrors.
    """
    name = quoted(qualified(watch.table, session.home))
    counters = Query(statement("introspection/activity"), {"table": name})
    queries = [Query(each, at_home=True, tables=tables_of(each)) for each in (watch.overdue, watch.taken) if each]
    began = Query(BEGAN, {"began_at": began_at.isoformat()})
    try:
        _, found, *numbers = session.fetch(began, counters, *queries)
    except PermanentError as error:
        return ActivityObservation(watch=watch.name, fault=str(error))
    if not found:
        return ActivityObservation(watch=watch.name, fault=f"{watch.table} does not exist, or has no counters")
    [(updates, scans)] = found
    overdue, taken = ([rows[0][0] for rows in numbers] + [None, None])[:2]
    return ActivityObservation(watch=watch.name, overdue=overdue, taken=taken, updates=updates, scans=scans)
