"""Inspects a tenant: reads its catalog and ledger, and compares them with what is expected."""

from collections.abc import Sequence
from dataclasses import replace

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.errors import DatabaseError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.observations import QueryResult, TenantObservation
from pgfleet.judge.position import position_entry
from pgfleet.postgres.apply.ledger import ledger_query, read_ledger
from pgfleet.postgres.apply.tool_ledger import exists_query, read_tool_ledger
from pgfleet.postgres.guard import Trust
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.comparison import TenantInspection, assess_reading, reassess
from pgfleet.postgres.read.introspection import catalog_query, complete_catalog, holders_query, lacks_relations
from pgfleet.postgres.read.logins import has_row_security, logins_key, logins_query, read_logins
from pgfleet.postgres.read.prefetch import Prefetched, Reading, prefetch
from pgfleet.postgres.read.queries import check_query
from pgfleet.postgres.read.stamp import read_stamp, stamp_query, stamp_scope
from pgfleet.postgres.read.unchanged import earlier_inspection, read_unchanged
from pgfleet.postgres.session import BACKEND, Session
from pgfleet.run.context import RunContext


def inspect(
    session: Session,
    context: RunContext,
    with_prefetch: bool = False,
    keeps_lock: bool = False,
    assumed: frozenset[str] = frozenset(),
) -> TenantInspection:
    """The tenant's catalog and ledger, assessed. Raises a DatabaseError, and NoExpectedCatalog.

    `keeps_lock` first takes the tenant's lock until the connection closes, if it is free: the tenant is to be changed,
    so checks of pending migrations are not sent.

    `with_prefetch` sends the queries of the other audit steps in the same round trip, if none of them fails, and adds
    to the context's `login_rights`. The catalog is then not read if it is as one of the context's `earlier` inspections
    found it. `assumed` versions count as applied: they were run in the transaction under way, which has not recorded
    them yet.
    """
    if keeps_lock:
        session.keep_tenant_lock()
    whole = context.expected(session.server_major, session.home)
    examined = _unexamined(session, context) if with_prefetch else None
    also = (logins_query(examined),) if examined else ()
    may_hold = with_prefetch and not session.has_run_script
    earlier = earlier_inspection(session, context, whole) if may_hold else None
    reading = read_unchanged(session, context, whole, earlier, also, pending=not keeps_lock) if earlier else None
    # Where something has changed or is missing, queries of the later steps may fail, so the catalog is read first.
    is_complete = not earlier and not keeps_lock
    reading = reading or _read(session, context, whole, also, with_prefetch=with_prefetch and is_complete)
    inspection = assess_reading(session, context, whole, reading, with_prefetch, assumed, checks_pending=not keeps_lock)
    known, position = reading.observed.earlier, inspection.assessment.position
    if known and position_entry(whole.history, position) != known.position:
        reading = _read(session, context, whole, also, with_prefetch=False)  # the rows of a ledger have changed
        inspection = assess_reading(
            session, context, whole, reading, with_prefetch, assumed, checks_pending=not keeps_lock
        )
    if examined:
        rights = read_logins(examined, *reading.others, needs_bypassrls=has_row_security(whole))
        context.login_rights[logins_key(examined)] = rights
    return inspection


def inspect_again(
    session: Session,
    context: RunContext,
    before: TenantInspection,
    assumed: frozenset[str] = frozenset(),
    *,
    checks_of: str | None = None,
    also: Sequence[Query] = (),
) -> tuple[TenantInspection, list[Rows]]:
    """The tenant after a script has run in the transaction under way, and the rows of the `also` queries.

    One round trip, if no query fails, with the checks of the migration `checks_of`. The ledgers are as `before`, with
    the `assumed` versions. Raises a DatabaseError.
    """
    session.trust, whole = Trust(), context.expected(session.server_major, session.home)
    is_incomplete = lacks_relations(before.observed.catalog, whole.scope)
    holders_queries = (holders_query(session, whole.scope),) if is_incomplete else ()
    queries = (_catalog_query(session, whole), *holders_queries, *also)
    checks = [check_query(each) for each in context.migration(checks_of).checks] if checks_of else []
    try:
        rows = session.fetch(*queries, *checks)
        results = tuple(QueryResult(rows=tuple(each)) for each in rows[len(queries) :])
        prefetched = Prefetched(checks={checks_of: results} if checks_of else {})
    except DatabaseError as error:
        if error.transient or not checks:
            raise
        rows, prefetched = session.fetch(*queries), Prefetched()
    [row], *others = rows[: len(queries)]
    catalog = complete_catalog(session, whole.scope, whole.equivalents, row, *others[: len(holders_queries)])
    observed = replace(before.observed, catalog=catalog, earlier=None, stamp=None)
    return reassess(session, context, observed, assumed, prefetched), others[len(holders_queries) :]


def _read(
    session: Session, context: RunContext, whole: ExpectedCatalog, also: tuple[Query, ...], *, with_prefetch: bool
) -> Reading:
    """The observation, and the rows of the `also` queries."""
    session.trust = Trust()  # the tenant may have changed since the last inspection
    queries, is_stamped = (*_queries(session, context, whole), *also), _is_stamped(session, context)
    prefetched: Prefetched | None = None
    holders: Rows | None = None
    if with_prefetch and (fetched := prefetch(session, context, also=queries, is_whole=is_stamped)):
        prefetched, rows = fetched
    elif is_stamped:  # something is probably missing
        *rows, holders = session.fetch(*queries, holders_query(session, whole.scope))
    else:
        rows = session.fetch(*queries)
    end = len(rows) - len(also)
    observed = _observe(session, context, whole, rows[:end], holders)
    return Reading(observed=observed, prefetched=prefetched, others=rows[end:])


def _unexamined(session: Session, context: RunContext) -> Tenant | None:
    """The session's tenant, if the rights of its logins are not known yet."""
    tenant = next((each for each in context.environment.tenants if each.name == session.name), None)
    return tenant if tenant and logins_key(tenant) not in context.login_rights else None


def _queries(session: Session, context: RunContext, expected: ExpectedCatalog) -> tuple[Query, ...]:
    """Is there a ledger? Which server process answers? Is the catalog as expected? Is there a tool's ledger?

    The stamp, if wanted, has the same snapshot: what changes later must make the next one differ.
    """
    tool = (exists_query(context.manifest.ledger, session.home),) if context.manifest.ledger else ()
    is_stamped = _is_stamped(session, context)
    stamp = (stamp_query(session, expected, stamp_scope(session, context)),) if is_stamped else ()
    return *stamp, ledger_query(session), BACKEND, _catalog_query(session, expected), *tool


def _is_stamped(session: Session, context: RunContext) -> bool:
    """Whether to read a stamp: not within a transaction of ours, where it would have another snapshot than the rest."""
    return context.earlier is not None and not session.is_in_transaction


def _catalog_query(session: Session, expected: ExpectedCatalog) -> Query:
    return catalog_query(
        expected.scope, home=session.home, equivalents=expected.equivalents, fingerprints=expected.known_fingerprints
    )


def _observe(
    session: Session, context: RunContext, expected: ExpectedCatalog, rows: Sequence[Rows], holders: Rows | None
) -> TenantObservation:
    stamp, rows = (rows[0], rows[1:]) if _is_stamped(session, context) else (None, rows)
    [[found], [(pid, is_standby)], [row], *tool] = rows
    catalog = complete_catalog(session, expected.scope, expected.equivalents, row, holders)
    ledger, fault = read_ledger(session, found)
    return TenantObservation(
        server_version=session.server_version,
        catalog=catalog,
        ledger=ledger,
        ledger_fault=fault,
        tool=read_tool_ledger(session, context.manifest, tool[0]) if tool else None,
        pooler=session.pooler_before(pid),
        is_standby=is_standby,
        database=session.database,
        stamp=read_stamp(session, context, expected, stamp, has_ledger=found[0]) if stamp else None,
    )
