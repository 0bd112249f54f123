"""Runs the queries of all steps of an audit in one round trip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pgfleet.errors import DatabaseError
from pgfleet.judge.observations import CountObservation, QueryResult, SeedObservation
from pgfleet.postgres.query import Query, Rows
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


def prefetch(
    session: Session, context: RunContext, *, missing: frozenset[str] = frozenset(), also: Sequence[Query] = ()
) -> tuple[Prefetched, list[Rows]] | None:
    """All results, and the rows of the `also` queries; None if any query fails, which then each step finds out itself.

    Seeds and counts of `missing` tables are left out. Raises transient DatabaseErrors.
    """
    manifest, expected = context.manifest, context.expected(session.server_major, session.home)
    limit_rows = context.environment.policy.exact_count_limit_rows
    seeds = [each for each in manifest.seeds if each.table not in missing]
    counts = [each for each in manifest.counts if each.table not in missing]
    try:
        # Seeds and counts come first: if their table is missing they fail before the server has done the rest.
        fetched = session.fetch(
            *(seed_query(each, expected.seeds[each.name], home=session.home) for each in seeds),
            *(count_query(each, home=session.home, limit_rows=limit_rows) for each in counts),
            *also,
            *check_queries(check for migration in manifest.migrations for check in migration.checks),
        )
    except DatabaseError as error:
        if error.transient:
            raise
        return None
    rows = iter(fetched)
    results = (QueryResult(rows=tuple(each)) for each in rows)
    found_seeds = {each.name: seed_observation(next(results)) for each in seeds}
    found_counts = {each.table: count_observation(each.table, next(results)) for each in counts}
    others = list(islice(rows, len(also)))
    checks = {each.version: tuple(islice(results, len(each.checks))) for each in manifest.migrations}
    return Prefetched(checks=checks, seeds=found_seeds, counts=found_counts), others
