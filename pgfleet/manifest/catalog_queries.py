"""Which queries read nothing but catalogs, so that they return the same rows as long as the catalogs are unchanged."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pgfleet.parser import ast, enums
from pgfleet.parser.parse import ParseError, nodes_in, parse_sql


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NODES = _words("""
    SelectStmt WithClause CommonTableExpr ResTarget RangeVar RangeSubselect RangeFunction JoinExpr Alias List ColumnRef
    A_Const A_Expr A_ArrayExpr A_Indices A_Indirection RowExpr BoolExpr NullTest BooleanTest CaseExpr CaseWhen
    CoalesceExpr MinMaxExpr SubLink FuncCall SQLValueFunction TypeCast TypeName CollateClause SortBy String Integer
    Float Boolean
""")
"""Nothing whose value depends on more than the rows of the query's relations."""
CATALOGS = _words("""
    pg_attrdef pg_attribute pg_class pg_collation pg_constraint pg_enum pg_extension pg_foreign_table pg_index
    pg_indexes pg_inherits pg_language pg_matviews pg_namespace pg_partitioned_table pg_policies pg_policy pg_proc
    pg_range pg_sequence pg_statistic_ext pg_tables pg_trigger pg_type pg_views
""")
"""Catalogs that sql/introspection/database_stamp.sql covers, and views of nothing else."""
SCHEMA_VIEWS = _words("""
    check_constraints columns constraint_column_usage constraint_table_usage domain_constraints domains key_column_usage
    parameters referential_constraints routines schemata sequences table_constraints tables triggers views
""")
"""The same of information_schema."""
SCHEMAS = {"": CATALOGS, "pg_catalog": CATALOGS, "information_schema": SCHEMA_VIEWS}
FUNCTIONS = _words("""
    array_agg array_length array_position array_to_string bool_and bool_or btrim cardinality char_length concat
    concat_ws count current_database current_schema current_schemas every format format_type generate_subscripts left
    length like_escape lower ltrim max min octet_length pg_function_is_visible pg_get_constraintdef pg_get_expr
    pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result pg_get_functiondef
    pg_get_indexdef pg_get_partkeydef pg_get_serial_sequence pg_get_triggerdef pg_get_viewdef pg_table_is_visible
    pg_type_is_visible position quote_ident regexp_like regexp_match regexp_replace regexp_split_to_array replace right
    rtrim similar_to_escape split_part starts_with string_agg string_to_array strpos substr substring sum to_regclass
    to_regnamespace to_regproc to_regprocedure to_regtype translate unnest upper
""")
"""Functions of the server's whose result depends on their arguments, the search path, and the same catalogs."""
OPERATORS = _words("= <> < > <= >= ~ ~* !~ !~* ~~ !~~ ~~* !~~* || + - * / % && @> <@")
TYPES = _words("""
    bool bpchar char int2 int4 int8 name numeric oid regclass regnamespace regproc regprocedure regtype text varchar
""")
"""Types whose values do not depend on anything else, as those of 'now'::date do."""
VARYING = _words("""
    atthasmissing attmissingval attstattarget attstorage attcompression attinhcount attislocal attoptions attfdwoptions
    cmax cmin ctid hasindexes hasrules hastriggers indcheckxmin indisclustered relallfrozen relallvisible relchecks
    relfilenode relfrozenxid relhasindex relhasrules relhassubclass relhastriggers relminmxid relnatts relpages
    relpartbound relrewrite reltoastrelid reltuples tableoid tablespace xmax xmin
""")
"""Columns that the stamp leaves out: because maintenance changes them, or because checks do not ask for them."""
VALUES = (enums.SQLValueFunctionOp.SVFOP_CURRENT_CATALOG, enums.SQLValueFunctionOp.SVFOP_CURRENT_SCHEMA)
"""Functions that are called without parentheses."""


@lru_cache(maxsize=1024)
def reads_only_catalogs(query: str) -> bool:
    """Whether the query's rows depend only on catalogs that the stamp of a database covers; False if in doubt."""
    try:
        nodes = list(nodes_in(parse_sql(query)))
    except ParseError:
        return False
    relations = [each for each in nodes if isinstance(each, ast.RangeVar)]
    expressions = {each.ctename for each in nodes if isinstance(each, ast.CommonTableExpr)}
    rows = {each.aliasname for each in nodes if isinstance(each, ast.Alias)} | {each.relname for each in relations}
    return (
        all(type(each).__name__ in NODES for each in nodes)
        and all(_is_catalog(each) or _is_expression(each, expressions) for each in relations)
        and all(
            _names_columns(each, rows) for each in nodes if isinstance(each, ast.ColumnRef | ast.Alias | ast.JoinExpr)
        )
        and all(_is_own(each) for each in nodes)
    )


def _is_catalog(relation: Any) -> bool:
    return relation.relname in SCHEMAS.get(relation.schemaname or "", ())


def _is_expression(relation: Any, expressions: set[str]) -> bool:
    return not relation.schemaname and relation.relname in expressions


def _names_columns(node: Any, rows: set[str | None]) -> bool:
    """Whether each column is there by its own name: not as part of a row, of *, or of a natural join."""
    if isinstance(node, ast.Alias):
        return not node.colnames
    if isinstance(node, ast.JoinExpr):
        return not node.isNatural
    names = [each.sval for each in node.fields if isinstance(each, ast.String)]
    return len(names) == len(node.fields) and names[-1] not in VARYING | rows


def _is_own(node: Any) -> bool:
    """Whether a function, an operator, or a type is one of those that are known here."""
    if isinstance(node, ast.SQLValueFunction):
        return node.op in VALUES
    if isinstance(node, ast.FuncCall):
        return _is_one_of(FUNCTIONS, node.funcname)
    if isinstance(node, ast.A_Expr):
        return _is_one_of(OPERATORS, node.name)
    return _is_one_of(TYPES, node.names or ()) if isinstance(node, ast.TypeName) else True


def _is_one_of(known: frozenset[str], path: Sequence[Any]) -> bool:
    """Whether the name is known, and has no schema or the server's own."""
    *schema, name = [each.sval for each in path]
    return schema in ([], ["pg_catalog"]) and name in known
