"""Runs the queries of all steps of an audit in one round trip."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pgfleet.errors import PermanentError
from pgfleet.judge.observations import CountObservation, QueryResult, SeedObservation, TenantObservation
from pgfleet.manifest.catalog_queries import reads_only_catalogs
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.missing import absence
from pgfleet.postgres.read.queries import check_query, count_observation, count_query, seed_observation, seed_query
from pgfleet.postgres.read.table_locks import lock_of
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
    is_consistent: bool = False
    """Whether they have the snapshot of the catalog that was read, or of its stamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read from a tenant; `others` are the rows of further queries.

    `prefetched` is None if a query of a later step failed, or if none was sent.
    """

    observed: TenantObservation
    prefetched: Prefetched | None
    others: Sequence[Rows] = ()


class Prefetching:
    """The queries of the other audit steps for one tenant, and what their rows mean.

    `data` and `checks` are the queries to be sent. A query that names a table of `missing` (quoted names) is not among
    them, nor are checks of other migrations than those of `versions`, if given. If the tenant is `unchanged` since all
    checks passed, those that read only catalogs pass again, and are not among them either; the value is the
    `own_names` of the manifest.
    """

    def __init__(
        self,
        session: Session,
        context: RunContext,
        *,
        missing: frozenset[str] = frozenset(),
        versions: Collection[str] | None = None,
        unchanged: frozenset[str] | None = None,
    ) -> None:
        manifest, expected = context.manifest, context.expected(session.server_major, session.home)
        limit_rows = context.environment.policy.exact_count_limit_rows
        self._missing, self._manifest = missing, manifest
        self._migrations = [each for each in manifest.migrations if versions is None or each.version in versions]
        self._data = [
            *(seed_query(each, expected.seeds[each.name], home=session.home) for each in manifest.seeds),
            *(count_query(each, home=session.home, limit_rows=limit_rows) for each in manifest.counts),
        ]
        self._checks = [
            (check, None if reads_only_catalogs(check.query, unchanged) else check_query(check))
            for migration in self._migrations
            for check in migration.checks
        ]
        self.data = [each for each in self._data if not each.tables & missing]
        self.checks = [each for _, each in self._checks if each and not each.tables & missing]

    def read(self, data: Iterable[Rows], checks: Iterable[Rows], *, is_consistent: bool = False) -> Prefetched:
        """The results, from the rows of the queries that were sent."""
        data, checks, manifest = iter(data), iter(checks), self._manifest
        found = (self._result(each, data) for each in self._data)
        seeds = {each.name: seed_observation(next(found)) for each in manifest.seeds}
        counts = {each.table: count_observation(each.table, next(found)) for each in manifest.counts}
        results = (
            self._result(query, checks) if query else QueryResult(rows=check.returns) for check, query in self._checks
        )
        by_version = {each.version: tuple(islice(results, len(each.checks))) for each in self._migrations}
        return Prefetched(checks=by_version, seeds=seeds, counts=counts, is_consistent=is_consistent)

    def _result(self, query: Query, rows: Iterator[Rows]) -> QueryResult:
        if tables := query.tables & self._missing:
            return QueryResult(absent=absence(tables))
        return QueryResult(rows=tuple(next(rows)))


def prefetch(
    session: Session,
    context: RunContext,
    *,
    missing: frozenset[str] = frozenset(),
    versions: Collection[str] | None = None,
    also: Sequence[Query] = (),
    is_whole: bool = False,
) -> tuple[Prefetched, list[Rows]] | None:
    """All results, and the rows of the `also` queries; None if any query fails, which then each step finds out itself.

    `missing` and `versions` as in `Prefetching`. If the `also` queries read the tenant's stamp, its reading `is_whole`:
    everything has the same snapshot; None if that cannot be. Raises transient DatabaseErrors.
    """
    steps = Prefetching(session, context, missing=missing, versions=versions)
    place, end = len(steps.data), len(steps.data) + len(also)
    # Seeds and counts come first: if their table is missing they fail before the server has done the rest.
    queries = (*steps.data, *also, *steps.checks)
    objects = context.expected(session.server_major, session.home).objects
    lock = lock_of(queries, objects, session.home) if is_whole else None
    if is_whole and lock is None:
        return None
    try:
        rows = session.fetch(*queries, lock=lock) if queries else []
    except PermanentError:
        return None
    return steps.read(rows[:place], rows[end:], is_consistent=lock is not None), rows[place:end]
