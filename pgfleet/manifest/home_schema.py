"""Under which name of the home schema a manifest is replayed."""

import re
from collections.abc import Iterable

from pgfleet.manifest.model import Manifest, Migration
from pgfleet.parser import ast
from pgfleet.parser.parse import nodes_in, parse_sql

DEFAULT = "public"
NEUTRAL = "pgfleet_home"
"""A name that no script uses, where scripts mean `public` and not the home schema."""


def words_of(manifest: Manifest) -> frozenset[str]:
    """All words of the manifest's scripts, in lower case: names of schemas are among them, also in dynamic SQL."""
    scripts = [*(each.script for each in manifest.migrations), *(each.script for each in manifest.seeds)]
    return frozenset(word for script in scripts for word in re.findall(r"\w+", script.sql.lower()))


def replay_home(home: str, words: frozenset[str]) -> str:
    """The home schema of a replay that is valid for tenants with this home schema.

    `words` are those of the scripts. A schema that the scripts may name must have the tenant's name; any other name
    gives the same catalog as the tenant's, and so tenants share a replay.
    """
    if may_name(words, home):
        return home
    return NEUTRAL if DEFAULT in words else DEFAULT


def may_name(words: frozenset[str], schema: str) -> bool:
    """Whether scripts with these words may name this schema, whose name may be several words."""
    return words.issuperset(re.findall(r"\w+", schema.lower()))


def creates_schema(migrations: Iterable[Migration], name: str) -> bool:
    """Whether a migration contains CREATE SCHEMA for this name, so that a tenant may be without it at first."""
    scripts = (each.script.sql for each in migrations)
    nodes = (node for sql in scripts if "schema" in sql.lower() for node in nodes_in(parse_sql(sql)))
    return any(isinstance(each, ast.CreateSchemaStmt) and each.schemaname == name for each in nodes)
