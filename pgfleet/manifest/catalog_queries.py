"""Which queries read nothing but catalogs, so that they return the same rows as long as the catalogs are unchanged."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from pgfleet.manifest.model import Manifest
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
    pg_indexes pg_inherits pg_language pg_matviews pg_partitioned_table pg_policies pg_policy pg_proc pg_range
    pg_sequence pg_statistic_ext pg_tables pg_trigger pg_type pg_views
""")
"""Catalogs that sql/introspection/database_stamp.sql covers, and views of nothing else."""
SCHEMA_VIEWS = _words("""
    check_constraints columns constraint_column_usage constraint_table_usage domain_constraints domains key_column_usage
    referential_constraints routines sequences table_constraints tables triggers views
""")
"""The same of information_schema."""
SCHEMAS = {"": CATALOGS, "pg_catalog": CATALOGS, "information_schema": SCHEMA_VIEWS}
COLUMNS = _words("""
    oid relname relnamespace reloftype relowner relam relpersistence relkind relrowsecurity relforcerowsecurity
    relispopulated relreplident relispartition

    attrelid attname atttypid atttypmod attnum attcollation attnotnull atthasdef attidentity attgenerated attisdropped
    adrelid adnum adbin

    conname connamespace contype conrelid contypid conindid confrelid conkey confkey condeferrable condeferred
    convalidated confupdtype confdeltype confmatchtype connoinherit conbin

    indexrelid indrelid indnatts indnkeyatts indisunique indisprimary indisexclusion indimmediate indisvalid indisready
    indislive indisreplident indkey indcollation indclass indoption indexprs indpred

    inhrelid inhparent inhseqno partrelid partstrat partnatts
    seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle

    tgrelid tgname tgfoid tgtype tgenabled tgisinternal tgconstraint tgdeferrable tginitdeferred tgqual
    polrelid polname polcmd polpermissive polroles polqual polwithcheck

    proname pronamespace proowner prolang prokind prosecdef proisstrict proretset provolatile pronargs prorettype
    proargtypes proargnames prosrc proconfig lanname

    typname typnamespace typowner typtype typcategory typnotnull typbasetype typtypmod typrelid typelem typdefault
    typcollation enumtypid enumlabel enumsortorder rngtypid rngsubtype

    collname collnamespace extname extversion extnamespace stxrelid stxname stxnamespace ftrelid ftserver

    schemaname tablename tableowner rowsecurity indexname indexdef viewname viewowner definition matviewname
    matviewowner ispopulated policyname permissive roles cmd qual with_check

    table_catalog table_schema table_name table_type column_name ordinal_position column_default is_nullable data_type
    character_maximum_length numeric_precision numeric_scale datetime_precision udt_schema udt_name is_identity
    identity_generation is_generated generation_expression collation_name domain_schema domain_name domain_default
    constraint_schema constraint_name constraint_type is_deferrable initially_deferred check_clause
    unique_constraint_schema unique_constraint_name match_option update_rule delete_rule position_in_unique_constraint
    sequence_schema sequence_name start_value minimum_value maximum_value increment cycle_option
    trigger_schema trigger_name event_manipulation event_object_schema event_object_table action_statement action_timing
    action_orientation action_condition view_definition check_option routine_schema routine_name routine_type
    routine_definition specific_schema specific_name external_language security_type
""")
"""Columns of these that the stamp covers; it leaves others out, such as privileges, storage options, and statistics."""
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
VALUES = (enums.SQLValueFunctionOp.SVFOP_CURRENT_CATALOG, enums.SQLValueFunctionOp.SVFOP_CURRENT_SCHEMA)
"""Functions that are called without parentheses."""


CREATES_OPERATOR = re.compile(r"\bCREATE\s+(OPERATOR|CAST)\b", re.IGNORECASE)


def own_names(manifest: Manifest, functions: Iterable[str]) -> frozenset[str] | None:
    """Names that mean something of the manifest's in a query; None if operators and casts of it may be used, too."""
    scripts = (each.script.sql for each in manifest.migrations)
    return None if any(map(CREATES_OPERATOR.search, scripts)) else frozenset(functions)


@lru_cache(maxsize=1024)
def reads_only_catalogs(query: str, own: frozenset[str] | None = frozenset()) -> bool:
    """Whether the query's rows depend only on catalogs that the stamp of a database covers; False if in doubt.

    `own` are the `own_names` of the manifest: a function with the name of one of the server's can be called instead.
    """
    if own is None:
        return False
    try:
        nodes = list(nodes_in(parse_sql(query)))
    except ParseError:
        return False
    expressions = {each.ctename for each in nodes if isinstance(each, ast.CommonTableExpr)}
    columns = COLUMNS - own  # a name that the query gives could hide one that is not among these
    return all(
        type(each).__name__ in NODES
        and _is_known_relation(each, expressions)
        and _is_known_column(each, columns)
        and _is_known_call(each, own)
        and _is_simple(each)
        for each in nodes
    )


def _is_known_relation(node: Any, expressions: set[str]) -> bool:
    if not isinstance(node, ast.RangeVar):
        return True
    return node.relname in SCHEMAS.get(node.schemaname or "", ()) or (
        not node.schemaname and node.relname in expressions
    )


def _is_known_column(node: Any, columns: frozenset[str]) -> bool:
    """Not a row, which contains all columns; nor a function, which can be written like a column of its argument."""
    if isinstance(node, ast.JoinExpr):
        return not node.isNatural and all(each.sval in columns for each in node.usingClause or ())
    if isinstance(node, ast.ColumnRef):
        return all(isinstance(each, ast.String) for each in node.fields) and node.fields[-1].sval in columns
    return True


def _is_known_call(node: Any, own: frozenset[str]) -> bool:
    """Whether a function, an operator, or a type is one of those that are known here."""
    if isinstance(node, ast.FuncCall):
        return _is_one_of(FUNCTIONS - own, node.funcname)
    if isinstance(node, ast.A_Expr):
        return _is_one_of(OPERATORS, node.name)
    if isinstance(node, ast.SubLink):
        return not node.operName or _is_one_of(OPERATORS, node.operName)
    return _is_one_of(TYPES, node.names or ()) if isinstance(node, ast.TypeName) else True


def _is_simple(node: Any) -> bool:
    """Nothing that renames columns, sorts by another operator, or leaves the choice of rows to the server."""
    if isinstance(node, ast.SelectStmt):
        return node.limitCount is None and node.limitOffset is None
    if isinstance(node, ast.SQLValueFunction):
        return node.op in VALUES
    return not (getattr(node, "colnames", None) or getattr(node, "useOp", None))


def _is_one_of(known: frozenset[str], path: Sequence[Any]) -> bool:
    """Whether the name is known, and has no schema or the server's own."""
    *schema, name = [each.sval for each in path]
    return schema in ([], ["pg_catalog"]) and name in known
