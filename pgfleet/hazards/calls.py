"""What a call of a function does that its name or its arguments give away."""

import re
from collections.abc import Iterator
from typing import Any

from pgfleet.hazards.codes import HazardCode as Code
from pgfleet.hazards.dynamic import UNKNOWN, texts_of
from pgfleet.hazards.model import Hazard
from pgfleet.hazards.text import deletes_by_text
from pgfleet.parser import ast

DELETING = re.compile(
    r"(^|_)(drop|delete|remove|truncate|purge|prune|clear|undo|unlink|erase|wipe)(_|$)"
    r"|^(lo_put|lowrite|lo_from_bytea)$"
)
PURE = frozenset({"delete", "array_remove", "jsonb_delete", "jsonb_delete_path", "jsonb_delete_array_element"})
"""Functions that only compute a value (hstore's, and those behind the operators of jsonb)."""
EXECUTING = re.compile(
    r"^(query|cursor)_to_xml|^(ts_stat|ts_rewrite|connectby|xpath_table|exec|execute|exec_sql|execute_sql)$"
    r"|^dblink|^crosstab|^schedule|^run_command"
)
"""Functions that run SQL that they are given (PostgreSQL's, and those of its and other well-known extensions)."""
HARMLESS = re.compile(
    r"^(pg_|current_|now$|version$|count$|min$|max$|set_config$|nextval$|currval$|lastval$|to_regclass$|format$|txid_)"
    r"|^(array_agg|string_agg|jsonb?_|concat|coalesce|clock_timestamp|statement_timestamp|gen_random_uuid|random)"
)
"""Functions of PostgreSQL that a script may call for their result, or for an effect that is no hazard."""
STOPPING = frozenset({"pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf", "pg_switch_wal"})


def of_call(call: Any) -> Iterator[Hazard]:
    """The hazards of the call of a function that no script of the manifest defines."""
    name = call.funcname[-1].sval
    if DELETING.search(name) and name not in PURE:
        yield Hazard(code=Code.DELETES_DATA, object=name, detail="calls a function that deletes, by its name")
    if name == "setval":
        yield Hazard(code=Code.OVERWRITES_DATA, object=name, detail="the position of a sequence is lost")
    if name in STOPPING:
        yield Hazard(code=Code.AFFECTS_SERVER, object=name)
    texts = [text for each in call.args or () for text in texts_of(each)]
    if any(map(deletes_by_text, texts)):
        yield Hazard(code=Code.DELETES_DATA, object=name, detail="is given the text of a statement that deletes")
    if EXECUTING.search(name):
        yield Hazard(code=Code.DYNAMIC_SQL, object=name, detail="runs the SQL that it is given")
        if any(UNKNOWN in each for each in texts):
            yield Hazard(code=Code.DELETES_DATA, object=name, detail="runs SQL that cannot be read")


def of_unknown_call(node: Any) -> Iterator[Hazard]:
    """Of a statement that only calls functions: for their effects, which are not known here."""
    if isinstance(node, ast.CallStmt):
        calls = [node.funccall]
    elif isinstance(node, ast.SelectStmt) and not node.fromClause:
        calls = [each.val for each in node.targetList or () if isinstance(each.val, ast.FuncCall)]
    else:
        return
    for call in calls:
        names = [each.sval for each in call.funcname]
        if names[0] != "pg_catalog" and not HARMLESS.search(names[-1]) and names[-1] != "setval":
            detail = "calls a function that the manifest does not define"
            yield Hazard(code=Code.DYNAMIC_SQL, object=".".join(names), detail=detail)
