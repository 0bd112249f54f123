"""Whether the server would run something of the tenant's own for a statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pgfleet.manifest.statement_names import names_in, tables_read_by
from pgfleet.postgres.query import Query
from pgfleet.run.shipped import statement

WITHOUT_VIEWS = """\
SELECT
WHERE
  pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) IS NOT NULL
  AND pg_catalog.set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', true) IS NULL"""
"""For a tenant in which the guard passed, and nothing has changed since. Returns no row and no column."""
TrustKey = tuple[frozenset[tuple[tuple[str, str], int]], frozenset[str], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Objects of the manifest that were found to be as expected, so statements may run what they contain."""

    functions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many functions of this schema and name there are in the manifest."""
    tables: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    """Quoted names."""

    @property
    def key(self) -> TrustKey:
        """The same as a value that can be hashed."""
        return frozenset(self.functions.items()), self.tables, self.views


def script_guard(script: str) -> Query:
    """Fails if the script names a view, or could call a function, that the tenant's owner put there.

    Triggers and functions that the tenant's tables use are not examined: the script runs them.
    """
    return Query("", script=script)


def guard(trust: Trust, queries: Iterable[Query]) -> Query | None:
    """A statement that fails unless the queries run nothing of the tenant's own; None if they could not.

    It locks the tables that they read against redefinition until the transaction ends.
    """
    guarded = [each for each in queries if each.is_guarded and not each.is_proven]
    if not guarded:
        return None
    scripts = frozenset(each.script for each in guarded if each.script)
    others = [each for each in guarded if not each.script]
    return _guard(
        trust.key,
        frozenset[str]().union(*(each.tables for each in others)),
        tuple(each.text for each in others if each.at_home),
        scripts,
        has_queries=bool(others),
        is_only_planned=all(each.is_only_planned for each in others),
    )


@lru_cache(maxsize=256)  # the same for all tenants in the same state, so it is bound once
def _guard(
    trust: TrustKey,
    tables: frozenset[str],
    texts: tuple[str, ...],
    scripts: frozenset[str],
    *,
    has_queries: bool,
    is_only_planned: bool,
) -> Query:
    of_scripts = frozenset[str]().union(*map(tables_read_by, scripts))
    names = [names_in(each) for each in (*texts, *scripts)]
    look_at_queries = _closer_look(trust, tables, texts, is_only_planned=is_only_planned)
    look_at_script = _closer_look(trust, of_scripts, tuple(scripts), is_script=True)
    parameters = {
        "titles": [*sorted(tables), *sorted(of_scripts)],
        "queried": len(tables),
        "relations": sorted(trust[1] | trust[2]),
        "words": _sorted(each.words for each in names),
        "has_queries": has_queries,
        "look_at_queries": look_at_queries if has_queries else "",
        "look_at_script": look_at_script if scripts else "",
    }
    return Query(statement("introspection/guard"), parameters)


def _closer_look(
    trust: TrustKey,
    tables: frozenset[str],
    texts: tuple[str, ...],
    *,
    is_script: bool = False,
    is_only_planned: bool = False,
) -> Query:
    counts, views = dict(trust[0]), trust[2]
    relations = sorted(trust[1] | views)
    functions, names = sorted(counts), [names_in(each) for each in texts]
    parameters = {
        "titles": sorted(tables),
        "relations": relations,
        "are_views": [each in views for each in relations],
        "is_script": is_script,
        "is_only_planned": is_only_planned,
        "function_schemas": [schema for schema, _ in functions],
        "function_names": [name for _, name in functions],
        "function_counts": [counts[each] for each in functions],
        "calls": _sorted(each.calls for each in names),
        "qualified_calls": _sorted(each.qualified_calls for each in names),
        "operators": _sorted(each.operators for each in names),
        "words": _sorted(each.words for each in names),
    }
    return Query(statement("introspection/guard_closely"), parameters)


def _sorted(names: Iterable[frozenset[str]]) -> list[str]:
    return sorted(frozenset[str]().union(*names))
