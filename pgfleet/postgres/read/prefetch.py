"""Runs the queries of all steps of an audit in one round trip."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pgfleet.errors import PermanentError
from pgfleet.judge.observations import CountObservation, QueryResult, SeedObservation, TenantObservation
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.missing import absence
from pgfleet.postgres.read.queries import check_queries, count_observation, count_query, seed_observation, seed_query
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefetched:
    """Results of queries that were sent along with the inspection's; a step without one here runs its own query."""

    checks: Mapping[str, tuple[QueryResult, ...]] = field(default_factory=dict)
    """By migration version."""
    seeds: Mapping[str, SeedObservation] = field(default_factory=dict)
    """By seed name."""
    counts: Mapping[str, CountObservation] = field(default_factory=dict)
    """By table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read from a tenant; `others` are the rows of further queries.

    `prefetched` is None if a query of a later step failed, or if none was sent.
    """

    observed: TenantObservation
    prefetched: Prefetched | None
    others: Sequence[Rows] = ()


def prefetch(
    session: Session,
    context: RunContext,
    *,
    missing: frozenset[str] = frozenset(),
    versions: Collection[str] | None = None,
    first: Sequence[Query] = (),
    also: Sequence[Query] = (),
) -> tuple[Prefetched, list[Rows]] | None:
    """All results, and the rows of the `also` queries; None if any query fails, which then each step finds out itself.

    A query that names a table of `missing` (quoted names) is not sent, nor are checks of other migrations than those of
    `versions`, if given. If one of the `first` queries fails, the server runs none of the others. Raises transient
    DatabaseErrors.
    """
    manifest, expected = context.manifest, context.expected(session.server_major, session.home)
    limit_rows = context.environment.policy.exact_count_limit_rows
    seeds = [seed_query(each, expected.seeds[each.name], home=session.home) for each in manifest.seeds]
    counts = [count_query(each, home=session.home, limit_rows=limit_rows) for each in manifest.counts]
    checked = [each for each in manifest.migrations if versions is None or each.version in versions]
    checks = check_queries(check for migration in checked for check in migration.checks)
    sent = [each for each in (*seeds, *counts, *checks) if not each.tables & missing]
    place = sum(not each.tables & missing for each in (*seeds, *counts))
    # Seeds and counts come first: if their table is missing they fail before the server has done the rest.
    queries = (*first, *sent[:place], *also, *sent[place:])
    try:
        fetched = session.fetch(*queries)[len(first) :] if queries else []
    except PermanentError:
        return None
    others = fetched[place : place + len(also)]
    rows = iter([*fetched[:place], *fetched[place + len(also) :]])
    results = (
        QueryResult(absent=absence(tables))
        if (tables := each.tables & missing)
        else QueryResult(rows=tuple(next(rows)))
        for each in (*seeds, *counts, *checks)
    )
    found_seeds = {each.name: seed_observation(next(results)) for each in manifest.seeds}
    found_counts = {each.table: count_observation(each.table, next(results)) for each in manifest.counts}
    found_checks = {each.version: tuple(islice(results, len(each.checks))) for each in checked}
    return Prefetched(checks=found_checks, seeds=found_seeds, counts=found_counts), others
