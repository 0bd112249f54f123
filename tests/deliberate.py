"""What a dump tells and an audit leaves out on purpose, and the other way round. docs/drift.md repeats it."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from dumps import Entry

UNMANAGED = re.compile(r"product_(?!code)|hstore|events_2|events_o")
"""Objects that are none of the manifest's, by the beginning of their names: the product's, and partitions."""
STORED = "TABLE", "MATERIALIZED VIEW", "INDEX", "CONSTRAINT"
ROUTINES = "FUNCTION", "PROCEDURE"
GRANTEE = re.compile(r' (?:TO|FROM) "?(\w+)"?(?: WITH GRANT OPTION)?;$')

Rewrite = Callable[[Entry, Collection[str]], str]
"""What is left of an entry's text, given the manifest's grantees; nothing where all of it is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One thing that an audit does not compare; `example` is a statement that shows in a dump alone."""

    name: str
    reason: str
    example: str
    rewrite: Rewrite
    min_server: int = 0


def normalised(entries: Iterable[Entry], grantees: Collection[str]) -> frozenset[Entry]:
    """A dump less all that an audit leaves out."""
    kept = (each for each in entries if not UNMANAGED.match(each.object))
    return frozenset(filter(None, (_normalised(each, grantees) for each in kept)))


def _normalised(entry: Entry, grantees: Collection[str]) -> Entry | None:
    for each in DELIBERATE:
        entry = replace(entry, text=each.rewrite(entry, grantees).strip())
    return entry if entry.text else None


def _leave_out(*types: str) -> Rewrite:
    return lambda entry, _: "" if entry.type in types else entry.text


def _take_out(pattern: str, *types: str, put: str = "") -> Rewrite:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda entry, _: compiled.sub(put, entry.text) if not types or entry.type in types else entry.text


def _sort_columns(entry: Entry, _: Collection[str]) -> str:
    if entry.type != "TABLE":
        return entry.text
    return "\n".join(sorted(line.rstrip(",") for line in entry.text.splitlines()))


def _read_body(entry: Entry, _: Collection[str]) -> str:
    if entry.type not in ROUTINES:
        return entry.text
    return " ".join(re.sub("--.*", "", entry.text).lower().replace("$$", " $$ ").split())


def _keep_grantees(entry: Entry, grantees: Collection[str]) -> str:
    """The lines on those to whom the manifest grants something on the same object."""
    if entry.type != "ACL":
        return entry.text
    word, _, name = entry.name.partition(" ")
    schema, label = (name, "SCHEMA") if word == "SCHEMA" else (entry.schema.removeprefix("public"), name)
    lines = entry.text.splitlines()
    found = [(line, GRANTEE.search(line)) for line in lines]
    return "\n".join(line for line, grantee in found if grantee and f"{schema}|{label}|{grantee[1]}" in grantees)


DELIBERATE = (
    LeftOut(
        name="owner",
        reason="each installation has its own roles; an owner holds his privileges without a grant",
        example="ALTER TABLE orders OWNER TO everything_stranger",
        rewrite=_take_out(r"^ALTER .* OWNER TO \w+;$"),
    ),
    LeftOut(
        name="privileges of grantees that the manifest does not know",
        reason="what a tenant grants to roles of its own is its own affair, and so is PUBLIC unless the manifest says",
        example="GRANT SELECT ON orders TO everything_stranger; REVOKE EXECUTE ON FUNCTION masked(text) FROM PUBLIC",
        rewrite=_keep_grantees,
    ),
    LeftOut(
        name="default privileges",
        reason="they are a role's, and say nothing of the objects that are there",
        example="ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO everything_reader",
        rewrite=_leave_out("DEFAULT ACL"),
    ),
    LeftOut(
        name="comments",
        reason="nothing depends on them",
        example="COMMENT ON TABLE orders IS 'described'",
        rewrite=_leave_out("COMMENT"),
    ),
    LeftOut(
        name="storage parameters",
        reason="of tables, materialised views and indexes: tuning, and a tenant's size is its own",
        example="ALTER TABLE orders SET (fillfactor = 70); ALTER INDEX orders_placed SET (fillfactor = 70)",
        rewrite=_take_out(r"\s*\bWITH \([a-z_.]+=[^)]*\)", *STORED),
    ),
    LeftOut(
        name="tablespace",
        reason="where an installation has its disks",
        example="ALTER INDEX orders_placed SET TABLESPACE everything_space",
        rewrite=_take_out(r"^SET default_tablespace = .*;$"),
    ),
    LeftOut(
        name="column storage, compression, statistics target",
        reason="tuning",
        example="ALTER TABLE orders ALTER COLUMN details SET STORAGE EXTERNAL, ALTER COLUMN details SET STATISTICS 77",
        rewrite=_take_out(
            r"^ALTER (?:TABLE|INDEX|MATERIALIZED VIEW)(?: ONLY)? \S+ ALTER COLUMN \S+ SET"
            r" (?:STORAGE|COMPRESSION|STATISTICS|\().*;$"
        ),
    ),
    LeftOut(
        name="extended statistics",
        reason="tuning",
        example="CREATE STATISTICS extra ON customer_id, status FROM orders",
        rewrite=_leave_out("STATISTICS"),
    ),
    LeftOut(
        name="cost and rows of a function",
        reason="the planner's estimates",
        example="ALTER FUNCTION masked(text) COST 9",
        rewrite=_take_out(r" (?:COST|ROWS) \d+", *ROUTINES),
    ),
    LeftOut(
        name="replica identity",
        reason="a matter of who replicates what to where",
        example="ALTER TABLE orders REPLICA IDENTITY FULL",
        rewrite=_take_out(r"^ALTER TABLE ONLY \S+ REPLICA IDENTITY .*;$"),
    ),
    LeftOut(
        name="CLUSTER mark",
        reason="the order in which a table was once written",
        example="ALTER TABLE customers CLUSTER ON customers_by_name",
        rewrite=_take_out(r"^ALTER TABLE (?:ONLY )?\S+ CLUSTER ON .*;$"),
    ),
    LeftOut(
        name="place of a column in its table",
        reason="columns that were added in another order are the same columns",
        example="ALTER TABLE vault.secrets DROP COLUMN secret, ADD COLUMN secret text NOT NULL",
        rewrite=_sort_columns,
    ),
    LeftOut(
        name="name of a NOT NULL constraint",
        reason="NOT NULL is its column's; before PostgreSQL 18 it has no name",
        example="ALTER TABLE orders RENAME CONSTRAINT orders_status_not_null TO renamed",
        rewrite=_take_out(r"\bCONSTRAINT \S+ NOT NULL", put="NOT NULL"),
        min_server=18,
    ),
    LeftOut(
        name="schema of an extension",
        reason="installations differ in it; what uses the extension names it",
        example="ALTER EXTENSION pg_trgm SET SCHEMA vault",
        rewrite=_take_out(r" WITH SCHEMA \S+(?=;)", "EXTENSION"),
    ),
    LeftOut(
        name="dependence of an object on an extension",
        reason="what DROP EXTENSION would take with it",
        example="ALTER FUNCTION touch() DEPENDS ON EXTENSION pg_trgm",
        rewrite=_take_out(r"^ALTER .* DEPENDS ON EXTENSION .*;$"),
    ),
    LeftOut(
        name="whether the sequence of an unlogged table is unlogged",
        reason="before PostgreSQL 15 it could not be, and pg_upgrade leaves it so",
        example="ALTER SEQUENCE carts_id_seq SET LOGGED",
        rewrite=_take_out(r"(?<=^CREATE )UNLOGGED (?=SEQUENCE public\.carts_id_seq$)"),
        min_server=15,
    ),
    LeftOut(
        name="partitions",
        reason="they follow their parent, and come and go with time",
        example="CREATE TABLE events_2029 PARTITION OF events FOR VALUES FROM ('2029-01-01') TO ('2030-01-01')",
        rewrite=_leave_out("TABLE ATTACH", "INDEX ATTACH"),
    ),
    LeftOut(
        name="white space, comments and letter case in a function's body",
        reason="they mean nothing in SQL and PL/pgSQL",
        example="CREATE OR REPLACE FUNCTION check_order() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end'",
        rewrite=_read_body,
    ),
)

BEYOND_A_DUMP = {
    "version of an extension": "DROP EXTENSION pg_trgm; CREATE EXTENSION pg_trgm VERSION '1.5'",
    "foreign key that is switched off": "ALTER TABLE order_lines DISABLE TRIGGER ALL",
}
"""What an audit tells and a dump does not."""
