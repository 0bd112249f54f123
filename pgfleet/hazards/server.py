"""The hazards of statements that reach beyond tables: functions, privileges, roles, files, and the server."""

from collections.abc import Iterator
from typing import Any

from pgfleet.hazards.codes import HazardCode as Code
from pgfleet.hazards.created import Created
from pgfleet.hazards.model import Hazard, relation_of
from pgfleet.parser import ast


def of_copy(node: Any, _: Created) -> Iterator[Hazard]:
    """COPY with a file or a program on the server."""
    if node.filename:
        action = "runs" if node.is_program else "reads" if node.is_from else "writes"
        place = "a program" if node.is_program else "a file"
        yield Hazard(code=Code.AFFECTS_SERVER, object=node.filename, detail=f"{action} {place} on the server")
    if node.is_program:
        yield Hazard(code=Code.DELETES_DATA, object=node.filename, detail="runs a program that cannot be read")


def of_function(node: Any, _: Created) -> Iterator[Hazard]:
    """CREATE FUNCTION: whether it runs with its owner's privileges."""
    yield from _of_options(node.options or (), ".".join(each.sval for each in node.funcname))


def of_altered_function(node: Any, _: Created) -> Iterator[Hazard]:
    """ALTER FUNCTION: the same."""
    yield from _of_options(node.actions or (), ".".join(each.sval for each in node.func.objname))


def _of_options(options: Any, name: str) -> Iterator[Hazard]:
    if any(each.defname == "security" and each.arg.boolval for each in options):
        yield Hazard(code=Code.CHANGES_PRIVILEGES, object=name, detail="runs with its owner's privileges")


def of_event_trigger(node: Any, _: Created) -> Iterator[Hazard]:
    """CREATE EVENT TRIGGER."""
    yield Hazard(code=Code.DYNAMIC_SQL, object=node.trigname, detail="runs at each later DDL statement")


def of_database(node: Any, _: Created) -> Iterator[Hazard]:
    """DROP DATABASE."""
    yield Hazard(code=Code.DELETES_DATA, object=node.dbname, detail="drops the database")
    yield Hazard(code=Code.AFFECTS_SERVER, object=node.dbname)


def of_updated_extension(node: Any, _: Created) -> Iterator[Hazard]:
    """ALTER EXTENSION UPDATE."""
    yield Hazard(code=Code.DYNAMIC_SQL, object=node.extname, detail="runs the extension's own script")


def of_owned(node: Any, _: Created) -> Iterator[Hazard]:
    """DROP OWNED."""
    for each in node.roles:
        yield Hazard(code=Code.DELETES_DATA, object=each.rolename or "", detail="drops what the role owns")
        yield Hazard(code=Code.CHANGES_PRIVILEGES, object=each.rolename or "")


def of_privileges(node: Any, _: Created) -> Iterator[Hazard]:
    """GRANT, REVOKE, and the like."""
    tables = node.objects or () if isinstance(node, ast.GrantStmt) else ()
    names = ", ".join(str(relation_of(each)) for each in tables if isinstance(each, ast.RangeVar))
    yield Hazard(code=Code.CHANGES_PRIVILEGES, object=names)


def of_owner(node: Any, _: Created) -> Iterator[Hazard]:
    """ALTER … OWNER TO."""
    relation = relation_of(node.relation) if node.relation else None
    yield Hazard(code=Code.CHANGES_PRIVILEGES, object=str(relation or ""), detail="new owner", relation=relation)


def of_setting(node: Any, _: Created) -> Iterator[Hazard]:
    """SET: roles, and what turns triggers or policies off."""
    if node.name in {"role", "session_authorization"}:
        yield Hazard(code=Code.CHANGES_PRIVILEGES, detail="the script runs as another role")
    if node.name in {"session_replication_role", "row_security"}:
        detail = f"{node.name} turns triggers, foreign keys, or policies off"
        yield Hazard(code=Code.CHANGES_PRIVILEGES, detail=detail)


def of_role(_: Any, __: Created) -> Iterator[Hazard]:
    """Statements about roles."""
    yield Hazard(code=Code.CHANGES_PRIVILEGES)
    yield Hazard(code=Code.AFFECTS_SERVER, detail="roles belong to the server")


def of_server(_: Any, __: Created) -> Iterator[Hazard]:
    """Statements about the server or other databases."""
    yield Hazard(code=Code.AFFECTS_SERVER)


def of_dropped_tablespace(node: Any, _: Created) -> Iterator[Hazard]:
    """DROP TABLESPACE."""
    yield Hazard(code=Code.AFFECTS_SERVER, object=node.tablespacename)
