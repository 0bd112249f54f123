"""The roles that a manifest's scripts name; a new server has none of them."""

from pgfleet.manifest.model import Manifest
from pgfleet.parser import ast, enums
from pgfleet.parser.parse import nodes_in, parse_sql


def roles_named(manifest: Manifest) -> tuple[str, ...]:
    """The roles in GRANT, REVOKE, CREATE POLICY, OWNER TO, etc., without those that a script creates; sorted."""
    scripts = (*(each.script for each in manifest.migrations), *(each.script for each in manifest.seeds))
    named: set[str] = set()
    created: set[str] = set()
    for node in (node for script in scripts for node in nodes_in(parse_sql(script.sql))):
        if isinstance(node, ast.CreateRoleStmt):
            created.add(node.role)
        elif isinstance(node, ast.RoleSpec) and node.roletype == enums.RoleSpecType.ROLESPEC_CSTRING:
            named.add(node.rolename)
    return tuple(sorted(each for each in named - created if not each.startswith("pg_")))
