"""Finds out whether a tenant's catalog is as an earlier audit found it, and reads only the data if it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import Catalog
from pgfleet.documents.audit import StampScope
from pgfleet.errors import PermanentError
from pgfleet.judge.observations import TenantObservation
from pgfleet.judge.unchanged import EarlierInspection
from pgfleet.manifest.catalog_queries import own_names
from pgfleet.postgres.apply.ledger import FORMAT, ledger_entries
from pgfleet.postgres.apply.tool_ledger import exists_query, read_tool_ledger
from pgfleet.postgres.guard import WITHOUT_VIEWS, Trust
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.missing import quoted_names
from pgfleet.postgres.read.prefetch import Prefetching, Reading
from pgfleet.postgres.read.stamp import stamp_inputs, unchanged_queries
from pgfleet.postgres.read.table_locks import lock_of
from pgfleet.postgres.read.trust import trust_in
from pgfleet.postgres.session import BACKEND, Session
from pgfleet.run.context import RunContext
from pgfleet.run.shipped import statement

LEDGER = frozenset({'"pgfleet"."ledger"', '"pgfleet"."ledger_format"'})
"""The tables that are read, so that nobody can replace them in between."""
MOST_KEPT = 64
"""Questions of a context: each home schema has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What unchanged tenants in the same state are asked, after the `lock`: `first` and what follows it, in order."""

    trust: Trust
    steps: Prefetching
    lock: str | None
    first: tuple[Query, ...]
    data: tuple[Query, ...]
    others: tuple[Query, ...]
    checks: tuple[Query, ...]


_questions: WeakKeyDictionary[RunContext, dict[tuple[object, ...], _Question]] = WeakKeyDictionary()


def earlier_inspection(session: Session, context: RunContext, expected: ExpectedCatalog) -> EarlierInspection | None:
    """The inspection of the session's tenant that holds if the catalog is unchanged; None if there is none."""
    earlier = (context.earlier or {}).get(session.name)
    if earlier is None or not earlier.stamp.digest or earlier.fingerprint not in expected.known_fingerprints:
        return None
    return earlier if earlier.stamp.inputs == stamp_inputs(session, context, expected) else None


def read_unchanged(
    session: Session,
    context: RunContext,
    expected: ExpectedCatalog,
    earlier: EarlierInspection,
    also: Sequence[Query],
    *,
    pending: bool = True,
) -> Reading | None:
    """The tenant's data, and the rows of the `also` queries, which read only catalogs, in one round trip.

    None if the catalog has changed, or if a query failed. The server runs no query of the manifest's, and reads no
    ledger, before it has found the catalog unchanged. If the stamp covers the queries, too, checks that read only
    catalogs are not sent, and the others need no guard. Checks of pending migrations are sent only if `pending`.
    """
    stamp, question = earlier.stamp, _question(session, context, expected, earlier, pending=pending)
    session.trust, data, others = question.trust, question.data, question.others
    queries = (*data, *others, *also, *question.checks)
    try:
        rows = session.fetch(
            *unchanged_queries(session, expected, stamp), *question.first, *queries, lock=question.lock
        )[-len(queries) :]
    except PermanentError:
        return None
    end = len(data) + len(others) + len(also)
    is_consistent = question.lock is not None and not session.is_in_transaction
    prefetched = question.steps.read(rows[: len(data)], rows[end:], is_consistent=is_consistent)
    rest = rows[len(data) : end]
    ledger: Rows = []
    if stamp.has_ledger:
        [[(version,)], ledger, *rest] = rest
        if version != FORMAT:
            return None
    last = len(rest) - len(also)
    observed = _observe(session, context, earlier, ledger, rest[:last])
    return Reading(observed=observed, prefetched=prefetched, others=rest[last:])


def _question(
    session: Session, context: RunContext, expected: ExpectedCatalog, earlier: EarlierInspection, *, pending: bool
) -> _Question:
    """Made once for all tenants of which the same is known."""
    stamp, known = earlier.stamp, _questions.setdefault(context, {})
    key = (session.server_major, session.home, earlier.fingerprint, stamp.has_ledger, stamp.scope, stamp.covers_queries)
    found = known.get((*key, pending))
    if not found:
        if len(known) >= MOST_KEPT:
            known.clear()
        found = known[*key, pending] = _make_question(session, context, expected, earlier, pending=pending)
    return found


def _make_question(
    session: Session, context: RunContext, expected: ExpectedCatalog, earlier: EarlierInspection, *, pending: bool
) -> _Question:
    stamp, place = earlier.stamp, expected.known_fingerprints[earlier.fingerprint]
    found = expected.at(frozenset(expected.history.versions[:place])).objects
    trust = trust_in(found, session.home)
    covers_queries = stamp.covers_queries and stamp.scope is StampScope.DATABASE
    missing = quoted_names(expected.objects.keys() - found.keys(), session.home)
    versions = None if pending else expected.history.versions[:place]
    own = own_names(context.manifest, (name for _, name in trust.functions)) if covers_queries else None
    steps = Prefetching(session, context, missing=missing, versions=versions, unchanged=own)
    tool = (exists_query(context.manifest.ledger, session.home),) if context.manifest.ledger else ()
    others = (*(_ledger_queries(session) if stamp.has_ledger else ()), BACKEND, *tool)
    lock = lock_of((*steps.data, *others, *steps.checks), found, session.home)
    needs_guard = not covers_queries or lock is None
    return _Question(
        trust=trust,
        steps=steps,
        lock=lock,
        first=() if needs_guard or trust.views else (Query(WITHOUT_VIEWS),),
        data=tuple(replace(each, is_proven=not needs_guard) for each in steps.data),
        others=tuple(replace(each, is_proven=not needs_guard) for each in others),
        checks=tuple(replace(each, is_proven=not needs_guard) for each in steps.checks),
    )


def _ledger_queries(session: Session) -> tuple[Query, Query]:
    return (
        Query(statement("ledger/format"), tables=LEDGER),
        Query(statement("ledger/read"), {"home": session.home}, tables=LEDGER),
    )


def _observe(
    session: Session, context: RunContext, earlier: EarlierInspection, ledger: Rows, rows: Sequence[Rows]
) -> TenantObservation:
    [[(pid, is_standby)], *tool] = rows
    return TenantObservation(
        server_version=session.server_version,
        catalog=Catalog(
            fingerprint=earlier.fingerprint, managed=None, unexpected=(), other_tables=earlier.other_tables
        ),
        ledger=ledger_entries(ledger),
        tool=read_tool_ledger(session, context.manifest, tool[0]) if tool else None,
        pooler=session.pooler_before(pid),
        is_standby=is_standby,
        database=session.database,
        stamp=earlier.stamp,
        earlier=earlier,
    )
