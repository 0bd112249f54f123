"""Whether the server would run something of the tenant's own for a statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pgfleet.manifest.statement_names import names_in, tables_read_by
from pgfleet.postgres.query import Query
from pgfleet.run.shipped import statement

TrustKey = tuple[frozenset[tuple[tuple[str, str], int]], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Objects of the manifest that were found to be as expected, so statements may run what they contain."""

    functions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many functions of this schema and name there are in the manifest."""
    relations: frozenset[str] = frozenset()
    """Quoted names of tables and views."""

    @property
    def key(self) -> TrustKey:
        """The same as a value that can be hashed."""
        return frozenset(self.functions.items()), self.relations


def guard_queries(trust: Trust, tables: Iterable[str], texts: Iterable[str], *, is_only_planned: bool = False) -> Query:
    """A statement that fails unless queries with these texts, which name these tables, run nothing of the tenant's own.

    It locks the tables against redefinition until the transaction ends.
    """
    return _guard(trust.key, frozenset(tables), tuple(texts), is_script=False, is_only_planned=is_only_planned)


def guard_script(trust: Trust, script: str) -> Query:
    """A statement that fails if the script names a view, or could call a function, that the tenant's owner put there.

    Triggers and functions that the tenant's tables use are not examined: the script runs them.
    """
    return _guard(trust.key, tables_read_by(script), (script,), is_script=True, is_only_planned=False)


@lru_cache(maxsize=256)  # the same for all tenants in the same state, so it is bound once
def _guard(
    trust: TrustKey, tables: frozenset[str], texts: tuple[str, ...], *, is_script: bool, is_only_planned: bool
) -> Query:
    counts, relations = dict(trust[0]), trust[1]
    functions, names = sorted(counts), [names_in(each) for each in texts]
    parameters = {
        "titles": sorted(tables),
        "relations": sorted(relations),
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
    return Query(statement("introspection/guard"), parameters)


def _sorted(names: Iterable[frozenset[str]]) -> list[str]:
    return sorted(frozenset[str]().union(*names))
