"""Inspects a tenant: reads its catalog and ledger, and compares them with what is expected."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from psycopg.sql import Identifier

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.history import fingerprint_of
from pgfleet.catalog.objects import Catalog, Change, Identity, ObjectKind
from pgfleet.documents.audit import LedgerState
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.assessment import Assessment, assess, find_repairs_to_refine
from pgfleet.judge.checks import judge_check
from pgfleet.judge.observations import TenantObservation
from pgfleet.judge.position import Position, Records
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.postgres.apply.ledger import ledger_query, read_ledger
from pgfleet.postgres.apply.tool_ledger import exists_query, read_tool_ledger
from pgfleet.postgres.guard import Trust
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.introspection import catalog_query, complete_catalog
from pgfleet.postgres.read.logins import has_row_security, logins_key, logins_query, read_logins
from pgfleet.postgres.read.prefetch import Prefetched, prefetch
from pgfleet.postgres.read.queries import run_checks
from pgfleet.postgres.read.repair_facts import read_repair_facts
from pgfleet.postgres.session import BACKEND, Session
from pgfleet.run.context import RunContext


class TenantInspection:
    """What was observed in a tenant, and how that differs from what is expected at the tenant's position.

    `prefetched` holds results of queries that later steps of an audit would send. Deliberately not a dataclass: Prefect
    searches the fields of those for dependencies whenever one is passed to a task.
    """

    def __init__(self, observed: TenantObservation, assessment: Assessment, prefetched: Prefetched) -> None:
        self.observed, self.assessment, self.prefetched = observed, assessment, prefetched

    @property
    def expected(self) -> ExpectedCatalog:
        """What the tenant must contain at its position."""
        return self.assessment.expected


def inspect(
    session: Session,
    context: RunContext,
    with_prefetch: bool = False,
    assumed: frozenset[str] = frozenset(),
) -> TenantInspection:
    """The tenant's catalog and ledger, assessed. Raises a DatabaseError, and NoExpectedCatalog.

    `with_prefetch` sends the queries of the other audit steps in the same round trip, if none of them fails, and adds
    to the context's `login_rights`. `assumed` versions count as applied: they were run in the transaction under way,
    which has not recorded them yet.
    """
    session.trust = Trust()  # the tenant may have changed since the last inspection
    whole = context.expected(session.server_major, session.home)
    queries = _queries(session, context, whole)
    examined = _unexamined(session, context) if with_prefetch else None
    queries = (*queries, logins_query(examined)) if examined else queries
    found = prefetch(session, context, also=queries) if with_prefetch else None
    prefetched, rows = found or (Prefetched(), session.fetch(*queries))
    if examined:
        rights = read_logins(examined, rows.pop(), needs_bypassrls=has_row_security(whole))
        context.login_rights[logins_key(examined)] = rights
    observed = _observe(session, context, whole, rows)
    records = _records(context, observed, whole, assumed, session.home)
    assessment = assess(whole, context.order, observed.catalog, records)
    _check_fingerprint(observed.catalog, assessment)
    session.trust = _as_expected(assessment, session.home)
    if with_prefetch and not found and (second := prefetch(session, context, missing=_missing(assessment.differences))):
        prefetched, _ = second
    if checks := dict(_decisive_checks(session, context, assessment.position, prefetched)):
        assessment = assess(whole, context.order, observed.catalog, replace(records, checks=checks))
    if facts := read_repair_facts(session, find_repairs_to_refine(assessment)):
        assessment = assess(whole, context.order, observed.catalog, replace(records, checks=checks), facts)
    return TenantInspection(observed, assessment, prefetched)


def _unexamined(session: Session, context: RunContext) -> Tenant | None:
    """The session's tenant, if the rights of its logins are not known yet."""
    tenant = next((each for each in context.environment.tenants if each.name == session.name), None)
    return tenant if tenant and logins_key(tenant) not in context.login_rights else None


def _as_expected(assessment: Assessment, home: str) -> Trust:
    """The manifest's functions, tables, and views that are as expected; none of a name of which one differs."""
    wrong = {_named(each.identity) for each in assessment.differences}
    right = [each for each in assessment.expected.objects if _named(each) not in wrong]
    functions = (each for each in right if each.kind is ObjectKind.FUNCTION)
    relations = (each for each in right if each.kind in {ObjectKind.TABLE, ObjectKind.VIEW})
    return Trust(
        functions=Counter((each.schema or home, _name(each)) for each in functions),
        relations=frozenset(Identifier(each.schema or home, each.name).as_string() for each in relations),
    )


def _named(identity: Identity) -> tuple[ObjectKind, str | None, str]:
    return identity.kind, identity.schema, _name(identity)


def _name(identity: Identity) -> str:
    """The name, of functions without arguments."""
    return identity.name.split("(", 1)[0] if identity.kind is ObjectKind.FUNCTION else identity.name


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


def _queries(session: Session, context: RunContext, expected: ExpectedCatalog) -> tuple[Query, ...]:
    """Is there a ledger? Which server process answers? Is the catalog as expected? Is there a tool's ledger?"""
    query = catalog_query(
        expected.scope, home=session.home, equivalents=expected.equivalents, fingerprints=expected.known_fingerprints
    )
    tool = (exists_query(context.manifest.ledger, session.home),) if context.manifest.ledger else ()
    return ledger_query(session), BACKEND, query, *tool


def _observe(
    session: Session, context: RunContext, expected: ExpectedCatalog, rows: Sequence[Rows]
) -> TenantObservation:
    [[found], [(pid, is_standby)], [row], *tool] = rows
    catalog = complete_catalog(session, expected.scope, expected.equivalents, row)
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
    )


def _missing(differences: Iterable[Difference]) -> frozenset[str]:
    """Names of missing objects as the manifest writes them: without the schema if that is the home schema."""
    gone = (each.identity for each in differences if each.change is Change.MISSING)
    return frozenset(f"{each.schema}.{each.name}" if each.schema else each.name for each in gone)
