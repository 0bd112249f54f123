"""The roles that a manifest's scripts name; a new server has none of them."""

import pglast
from pglast import ast, enums, visitors

from pgfleet.manifest.model import Manifest


def roles_named(manifest: Manifest) -> tuple[str, ...]:
    """The roles in GRANT, REVOKE, CREATE POLICY, OWNER TO, etc., without those that a script creates; sorted."""
    names = _Roles()
    for script in (*(each.script for each in manifest.migrations), *(each.script for each in manifest.seeds)):
        names(pglast.parse_sql(script.sql))
    return tuple(sorted(names.named - names.created))


class _Roles(visitors.Visitor):
    def __init__(self) -> None:
        self.named: set[str] = set()
        self.created: set[str] = set()

    def visit_RoleSpec(self, _ancestors: object, node: ast.RoleSpec) -> None:  # noqa: N802 (pglast's)
        if node.roletype == enums.RoleSpecType.ROLESPEC_CSTRING and not (node.rolename or "").startswith("pg_"):
            self.named.add(node.rolename or "")

    def visit_CreateRoleStmt(self, _ancestors: object, node: ast.CreateRoleStmt) -> None:  # noqa: N802 (pglast's)
        self.created.add(node.role or "")
