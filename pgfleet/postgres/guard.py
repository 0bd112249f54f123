"""Whether the server would run something of the tenant's own for a statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pgfleet.manifest.statement_names import Names, names_in, tables_read_by
from pgfleet.postgres.query import Query
from pgfleet.run.shipped import statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Objects of the manifest that were found to be as expected, so statements may run what they contain."""

    functions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many functions of this schema and name there are in the manifest."""
    relations: frozenset[str] = frozenset()
    """Quoted names of tables and views."""


def guard_queries(trust: Trust, tables: Iterable[str], texts: Iterable[str], *, is_only_planned: bool = False) -> Query:
    """A statement that fails unless queries with these texts, which name these tables, run nothing of the tenant's own.

    It locks the tables against redefinition until the transaction ends.
    """
    names = [names_in(each) for each in texts]
    return _guard(trust, tables, names, is_script=False, is_only_planned=is_only_planned)


def guard_script(trust: Trust, script: str) -> Query:
    """A statement that fails if the script names a view, or could call a function, that the tenant's owner put there.

    Triggers and functions that the tenant's tables use are not examined: the script runs them.
    """
    return _guard(trust, tables_read_by(script), [names_in(script)], is_script=True, is_only_planned=False)


def _guard(trust: Trust, tables: Iterable[str], names: list[Names], *, is_script: bool, is_only_planned: bool) -> Query:
    functions = sorted(trust.functions)
    parameters = {
        "titles": sorted(tables),
        "relations": sorted(trust.relations),
        "is_script": is_script,
        "is_only_planned": is_only_planned,
        "function_schemas": [schema for schema, _ in functions],
        "function_names": [name for _, name in functions],
        "function_counts": [trust.functions[each] for each in functions],
        "calls": _sorted(each.calls for each in names),
        "qualified_calls": _sorted(each.qualified_calls for each in names),
        "operators": _sorted(each.operators for each in names),
        "words": _sorted(each.words for each in names),
    }
    return Query(statement("introspection/guard"), parameters)


def _sorted(names: Iterable[frozenset[str]]) -> list[str]:
    return sorted(frozenset[str]().union(*names))
