"""Inspects a tenant: reads its catalog and ledger, and compares them with what is expected."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.history import fingerprint_of
from pgfleet.catalog.objects import Catalog
from pgfleet.catalog.partitions import are_attached
from pgfleet.documents.audit import PositionEntry
from pgfleet.documents.findings import LedgerState, MigrationEntry
from pgfleet.errors import DatabaseError, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.assessment import Assessment, assess, find_repairs_to_refine
from pgfleet.judge.entries import judge_check
from pgfleet.judge.observations import QueryResult, TenantObservation
from pgfleet.judge.position import Position, position_entry
from pgfleet.judge.records import Records
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.postgres.apply.ledger import ledger_query, read_ledger
from pgfleet.postgres.apply.tool_ledger import exists_query, read_tool_ledger
from pgfleet.postgres.guard import Trust
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.introspection import catalog_query, complete_catalog, holders_query, lacks_relations
from pgfleet.postgres.read.logins import has_row_security, logins_key, logins_query, read_logins
from pgfleet.postgres.read.missing import missing_relations
from pgfleet.postgres.read.partitions import read_partitions
from pgfleet.postgres.read.prefetch import Prefetched, Reading, prefetch
from pgfleet.postgres.read.queries import check_query, run_checks
from pgfleet.postgres.read.repair_facts import read_repair_facts
from pgfleet.postgres.read.stamp import read_stamp, stamp_query, stamp_scope
from pgfleet.postgres.read.trust import trust_in
from pgfleet.postgres.read.unchanged import earlier_inspection, read_unchanged
from pgfleet.postgres.session import BACKEND, Session
from pgfleet.run.context import RunContext


class TenantInspection:
    """What was observed in a tenant, and how that differs from what is expected at the tenant's position.

    `prefetched` holds results of queries that later steps of an audit would send. `missing` are the quoted names of
    relations that are known to be missing. Deliberately not a dataclass: Prefect searches the fields of those for
    dependencies whenever one is passed to a task.
    """

    def __init__(
        self,
        observed: TenantObservation,
        records: Records,
        assessment: Assessment,
        prefetched: Prefetched,
        missing: frozenset[str] = frozenset(),
    ) -> None:
        self.observed, self.records, self.assessment = observed, records, assessment
        self.prefetched, self.missing = prefetched, missing

    @property
    def expected(self) -> ExpectedCatalog:
        """What the tenant must contain at its position."""
        return self.assessment.expected

    def stamped(self, migrations: Sequence[MigrationEntry]) -> TenantObservation:
        """What was observed; its stamp covers the queries if they had its snapshot, and every check passed."""
        stamp, found = self.observed.stamp, self.prefetched
        is_complete = found.is_consistent and all(each.version in found.checks for each in migrations)
        if not (stamp and is_complete and all(check.passed for each in migrations for check in each.checks)):
            return self.observed
        return replace(self.observed, stamp=stamp.model_copy(update={"covers_queries": True}))


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
    inspection = _assess(session, context, whole, reading, with_prefetch, assumed, checks_pending=not keeps_lock)
    if (known := reading.observed.earlier) and _position(inspection) != known.position:
        reading = _read(session, context, whole, also, with_prefetch=False)  # the rows of a ledger have changed
        inspection = _assess(session, context, whole, reading, with_prefetch, assumed, checks_pending=not keeps_lock)
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


def reassess(
    session: Session,
    context: RunContext,
    observed: TenantObservation,
    assumed: frozenset[str] = frozenset(),
    prefetched: Prefetched | None = None,
) -> TenantInspection:
    """The tenant as observed, compared with what is expected; queries it only for what decides a status or a repair."""
    reading = Reading(observed=observed, prefetched=prefetched or Prefetched(), others=[])
    whole = context.expected(session.server_major, session.home)
    return _assess(session, context, whole, reading, with_prefetch=False, assumed=assumed)


def _read(
    session: Session, context: RunContext, whole: ExpectedCatalog, also: tuple[Query, ...], *, with_prefetch: bool
) -> Reading:
    session.trust = Trust()  # the tenant may have changed since the last inspection
    queries = (*_queries(session, context, whole), *also)
    is_stamped = _is_stamped(session, context)
    fetched = prefetch(session, context, also=queries, is_whole=is_stamped) if with_prefetch else None
    if fetched:
        prefetched, rows = fetched
        return _reading(session, context, whole, rows, len(also), prefetched=prefetched)
    if not is_stamped:
        return _reading(session, context, whole, session.fetch(*queries), len(also))
    *rows, holders = session.fetch(*queries, holders_query(session, whole.scope))  # something is probably missing
    return _reading(session, context, whole, rows, len(also), holders=holders)


def _reading(
    session: Session,
    context: RunContext,
    whole: ExpectedCatalog,
    rows: Sequence[Rows],
    others: int,
    *,
    prefetched: Prefetched | None = None,
    holders: Rows | None = None,
) -> Reading:
    """From the rows of all queries, of which the last `others` are no part of the observation."""
    end = len(rows) - others
    observed = _observe(session, context, whole, rows[:end], holders)
    return Reading(observed=observed, prefetched=prefetched, others=rows[end:])


def _assess(
    session: Session,
    context: RunContext,
    whole: ExpectedCatalog,
    reading: Reading,
    with_prefetch: bool,
    assumed: frozenset[str],
    *,
    checks_pending: bool = True,
) -> TenantInspection:
    observed, prefetched = reading.observed, reading.prefetched
    records = _records(context, observed, whole, assumed, session.home)
    assessment = _assessed(session, context, whole, observed.catalog, records)
    _check_fingerprint(observed.catalog, assessment)
    differing = {each.identity for each in assessment.differences}
    session.trust = trust_in(assessment.expected.objects, session.home, differing=differing)
    missing = missing_relations(assessment.differences, observed.catalog, session.home)
    versions = None if checks_pending else assessment.position.applied | assessment.position.unknown
    if with_prefetch and not prefetched:
        prefetched, _ = prefetch(session, context, missing=missing, versions=versions) or (None, None)
    prefetched = prefetched or Prefetched()
    checks = dict(_decisive_checks(session, context, assessment.position, prefetched))
    attached = _decisive_partitions(session, whole, assessment.position)
    if checks or attached:
        records = replace(records, checks=checks, attached=attached)
        assessment = _assessed(session, context, whole, observed.catalog, records)
    if facts := read_repair_facts(session, find_repairs_to_refine(assessment)):
        assessment = assess(whole, context.order, observed.catalog, records, facts)
    return TenantInspection(observed, records, assessment, prefetched, missing)


def _assessed(
    session: Session, context: RunContext, whole: ExpectedCatalog, catalog: Catalog, records: Records
) -> Assessment:
    """The assessment; computed once for all tenants with a known fingerprint of which the same is known."""
    if catalog.managed is not None or catalog.unexpected:
        return assess(whole, context.order, catalog, records)
    key = (context.replay(session.server_major, session.home), catalog.fingerprint, catalog.occupied_names, records.key)
    if key not in context.assessments:
        context.assessments[key] = assess(whole, context.order, catalog, records)
    return context.assessments[key]


def _position(inspection: TenantInspection) -> PositionEntry:
    return position_entry(inspection.expected.history, inspection.assessment.position)


def _unexamined(session: Session, context: RunContext) -> Tenant | None:
    """The session's tenant, if the rights of its logins are not known yet."""
    tenant = next((each for each in context.environment.tenants if each.name == session.name), None)
    return tenant if tenant and logins_key(tenant) not in context.login_rights else None


def _records(
    context: RunContext, observed: TenantObservation, whole: ExpectedCatalog, assumed: frozenset[str], home: str
) -> Records:
    """What the ledgers record of the manifest's migrations; a repeatable one only counts with its current text."""
    rows = {version: row for version, row in observed.ledger.items() if version in context.order.requires}
    outdated = frozenset(
        version
        for version, row in rows.items()
        if version in context.order.repeatable and row.checksum != context.migration(version).script.checksum
    )
    adopted = (version for version, row in rows.items() if row.state is LedgerState.ADOPTED)
    return Records(
        ledger=(frozenset(rows) - outdated) | assumed,
        started=frozenset(version for version, row in rows.items() if row.state is LedgerState.STARTED),
        tool=observed.tool.versions if observed.tool and not observed.tool.fault else None,
        adopted_now=frozenset(each for each in adopted if rows[each].run_id == context.run_id),
        outdated=outdated - assumed,
        harmless=whole.harmless,
        shares_objects=home != DEFAULT,
    )


def _check_fingerprint(catalog: Catalog, assessment: Assessment) -> None:
    """A fingerprint that differs although no object does is a defect of pgfleet, and must not read as clean."""
    if catalog.managed is None or assessment.differences:
        return
    found = fingerprint_of(each.digest for each in assessment.found.values())
    if len(catalog.managed) == len(assessment.expected.objects) and found != assessment.expected.fingerprint:
        raise PgfleetError("the fingerprint of the catalog is not the expected one, although no object differs")


def _decisive_checks(
    session: Session, context: RunContext, position: Position, prefetched: Prefetched
) -> Iterator[tuple[str, bool | None]]:
    """Whether the checks pass of those migrations whose status nothing else decides."""
    for version in sorted(position.unknown):
        checks = context.migration(version).checks
        if checks:
            results = prefetched.checks.get(version) or run_checks(session, checks)
            passed = {judge_check(*each).passed for each in zip(checks, results, strict=True)}
            yield version, False if False in passed else None if None in passed else True


def _decisive_partitions(session: Session, whole: ExpectedCatalog, position: Position) -> dict[str, bool | None]:
    """Whether the partitions are in place of migrations that do nothing else, and do not count as applied so far."""
    partitions = whole.history.partitions.items()
    wanted = {version: tables for version, tables in partitions if version not in position.applied}
    if not wanted:
        return {}
    found = read_partitions(session, frozenset().union(*wanted.values()))
    return {version: are_attached(tables, found) for version, tables in wanted.items()}


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
