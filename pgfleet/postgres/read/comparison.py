"""Compares what was read of a tenant with what is expected, and reads what only decides a status or a repair."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.history import fingerprint_of
from pgfleet.catalog.objects import Catalog, ObjectKind
from pgfleet.catalog.partitions import are_attached
from pgfleet.catalog.repair_facts import Facts, read_facts
from pgfleet.documents.findings import LedgerState, MigrationEntry
from pgfleet.errors import PgfleetError
from pgfleet.judge.assessment import Assessment, assess, find_repairs_to_refine
from pgfleet.judge.entries import judge_check
from pgfleet.judge.observations import TenantObservation
from pgfleet.judge.position import Position
from pgfleet.judge.records import Records
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.missing import missing_relations
from pgfleet.postgres.read.partitions import read_partitions
from pgfleet.postgres.read.prefetch import Prefetched, Reading, prefetch
from pgfleet.postgres.read.queries import run_checks
from pgfleet.postgres.read.trust import trust_in
from pgfleet.postgres.session import Session
from pgfleet.repair.names import own_name
from pgfleet.run.context import RunContext
from pgfleet.run.shipped import statement

PARTS = frozenset({ObjectKind.COLUMN, ObjectKind.CONSTRAINT})


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
    return assess_reading(session, context, whole, reading, with_prefetch=False, assumed=assumed)


def assess_reading(
    session: Session,
    context: RunContext,
    whole: ExpectedCatalog,
    reading: Reading,
    with_prefetch: bool,
    assumed: frozenset[str],
    *,
    checks_pending: bool = True,
) -> TenantInspection:
    """The tenant as read, compared with `whole`, what the manifest leaves in the end. Raises a DatabaseError.

    `with_prefetch` sends the queries of the other audit steps if that was not done; `assumed` versions count as
    applied. Unless `checks_pending`, checks of pending migrations are not sent.
    """
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
    if facts := _read_repair_facts(session, find_repairs_to_refine(assessment)):
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


def _read_repair_facts(session: Session, differences: Sequence[Difference]) -> Facts:
    """The facts by the object's identity; no round trip if there are no differences. Raises a DatabaseError."""
    if not differences:
        return {}
    targets = json.dumps([_target(each, session.home) for each in differences])
    query = Query(statement("introspection/repair_facts"), {"targets": targets, "home": session.home})
    [rows] = session.fetch(query)
    return {each.identity: read_facts(row) for each, row in zip(differences, rows, strict=True)}


def _target(difference: Difference, home: str) -> dict[str, Any]:
    wanted = difference.expected
    return {
        "kind": wanted.identity.kind,
        "schema": wanted.identity.schema or home,
        "parent": wanted.parent,
        "name": own_name(wanted) if wanted.identity.kind in PARTS else wanted.identity.name,
        "type": wanted.attributes.get("type") if wanted.identity.kind is ObjectKind.COLUMN else None,
        "version": wanted.attributes.get("version"),
    }
