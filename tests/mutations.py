# ruff: noqa: E501 - a line is a statement
"""Statements on the objects of a catalog, for hypothesis to draw from. Many of them are illegal, and that is no harm.

A line is one statement, or a few that belong together. `<A|B>` is either; `{name}` is an object of the kind with its
schema, or its own name where it stands on a table, which is `{on}`; `{column}` is one of its columns.
Objects of the mutation's own are called `extra` where the manifest manages what they are on, `product_…` elsewhere.
"""

import itertools
import re
from collections.abc import Iterable

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pgfleet.catalog.objects import CatalogObject, ObjectKind

ROLE = "<everything_reader|everything_writer|everything_stranger|PUBLIC>"
TABLE = "SELECT|INSERT|UPDATE|DELETE|REFERENCES|TRIGGER|TRUNCATE|ALL"

TEMPLATES: dict[ObjectKind, str] = {
    ObjectKind.COLUMN: """
        ALTER TABLE {on} DROP COLUMN {name} <|CASCADE>
        ALTER TABLE {on} RENAME COLUMN {name} TO renamed
        ALTER TABLE {on} RENAME COLUMN {name} TO renamed; ALTER TABLE {on} RENAME COLUMN renamed TO {name}
        ALTER TABLE {on} ALTER COLUMN {name} TYPE <text|bigint|varchar(40)|numeric(8, 3)|jsonb|date|text[]> USING NULL
        ALTER TABLE {on} ALTER COLUMN {name} TYPE text COLLATE "POSIX"
        ALTER TABLE {on} ALTER COLUMN {name} SET DEFAULT <NULL|'1'|0|now()|'{}'>
        ALTER TABLE {on} ALTER COLUMN {name} <SET NOT NULL|DROP NOT NULL|DROP DEFAULT|DROP IDENTITY|DROP EXPRESSION>
        ALTER TABLE {on} ALTER COLUMN {name} <SET|ADD> GENERATED <ALWAYS|BY DEFAULT> <|AS IDENTITY>
        ALTER TABLE {on} ALTER COLUMN {name} <SET STATISTICS 77|SET STORAGE EXTERNAL|SET COMPRESSION pglz|SET (n_distinct = 5)>
        ALTER TABLE {on} ALTER COLUMN {name} SET DEFAULT NULL, ALTER COLUMN {name} DROP DEFAULT
        ALTER TABLE {on} ADD COLUMN extra <text|bigint|amount|order_status> <|NOT NULL|DEFAULT NULL|UNIQUE|CHECK (extra IS NOT NULL)>
        ALTER TABLE {on} ADD COLUMN extra <bigint GENERATED ALWAYS AS (1) STORED|serial|integer GENERATED ALWAYS AS IDENTITY>
        ALTER TABLE {on} ADD COLUMN extra text; ALTER TABLE {on} DROP COLUMN extra
        COMMENT ON COLUMN {on}.{name} IS 'described'
        """,
    ObjectKind.TABLE: """
        ALTER TABLE {name} <RENAME TO renamed|SET UNLOGGED|SET LOGGED|SET SCHEMA vault|SET WITHOUT CLUSTER>
        ALTER TABLE {name} RENAME TO renamed; ALTER TABLE IF EXISTS renamed RENAME TO {bare}
        ALTER TABLE {name} SET (<fillfactor = 70|autovacuum_enabled = false|toast.autovacuum_enabled = false>)
        ALTER TABLE {name} REPLICA IDENTITY <FULL|NOTHING|DEFAULT>
        ALTER TABLE {name} OWNER TO everything_stranger
        ALTER TABLE {name} <INHERIT|NO INHERIT> documents
        ALTER TABLE {name} <ENABLE|DISABLE|FORCE|NO FORCE> ROW LEVEL SECURITY
        ALTER TABLE {name} <DISABLE|ENABLE> TRIGGER USER
        ALTER TABLE {name} <DISABLE|ENABLE ALWAYS|ENABLE REPLICA> RULE documents_are_kept
        DROP RULE documents_are_kept ON {name}
        CREATE RULE extra AS ON <UPDATE|INSERT> TO {name} DO <ALSO|INSTEAD> NOTHING
        CREATE RULE extra AS ON UPDATE TO {name} DO ALSO NOTHING; DROP RULE extra ON {name}
        DROP TABLE {name} <|CASCADE>
        TRUNCATE {name} CASCADE
        CREATE TABLE product_heir () INHERITS ({name})
        CREATE TABLE <vault.extra|product_like> (LIKE {name} INCLUDING ALL)
        CREATE STATISTICS extra ON tableoid, ctid FROM {name}
        COMMENT ON TABLE {name} IS 'described'
        ANALYZE {name}
        INSERT INTO {name} DEFAULT VALUES
        """,
    ObjectKind.CONSTRAINT: """
        ALTER TABLE {on} <DROP|VALIDATE> CONSTRAINT {name}
        ALTER TABLE {on} DROP CONSTRAINT {name} CASCADE
        ALTER TABLE {on} RENAME CONSTRAINT {name} TO renamed
        ALTER TABLE {on} RENAME CONSTRAINT {name} TO renamed; ALTER TABLE {on} RENAME CONSTRAINT renamed TO {name}
        ALTER TABLE {on} ALTER CONSTRAINT {name} <NOT DEFERRABLE|DEFERRABLE|DEFERRABLE INITIALLY DEFERRED|NOT ENFORCED>
        ALTER TABLE {on} ADD CONSTRAINT extra CHECK (true) <|NOT VALID|NO INHERIT>
        ALTER TABLE {on} ADD CONSTRAINT extra CHECK ({column} IS NOT NULL) <|NOT VALID|NO INHERIT>
        ALTER TABLE {on} ADD CONSTRAINT extra UNIQUE ({column}) <|DEFERRABLE|WITH (fillfactor = 70)>
        ALTER TABLE {on} ADD CONSTRAINT extra FOREIGN KEY ({column}) REFERENCES <customers|orders> <|NOT VALID|ON DELETE CASCADE>
        ALTER TABLE {on} ADD CONSTRAINT extra EXCLUDE USING btree ({column} WITH =)
        ALTER TABLE {on} ADD CONSTRAINT extra CHECK (true); ALTER TABLE {on} DROP CONSTRAINT extra
        COMMENT ON CONSTRAINT {name} ON {on} IS 'described'
        """,
    ObjectKind.INDEX: """
        DROP INDEX {name}
        ALTER INDEX {name} RENAME TO renamed
        ALTER INDEX {name} RENAME TO renamed; ALTER INDEX renamed RENAME TO {bare}
        ALTER INDEX {name} SET (<fillfactor = 60|fastupdate = off|pages_per_range = 8>)
        ALTER INDEX {name} ALTER COLUMN 1 SET STATISTICS 300
        ALTER TABLE {on} CLUSTER ON {bare}
        ALTER TABLE {on} REPLICA IDENTITY USING INDEX {bare}
        REINDEX INDEX {name}
        CREATE <|UNIQUE> INDEX extra ON {on} ({column} <|DESC|NULLS FIRST>) <|WITH (fillfactor = 80)|WHERE {column} IS NOT NULL>
        CREATE INDEX extra ON {on} USING <hash|brin|gin|gist> ({column})
        CREATE INDEX extra ON {on} ((1)) INCLUDE ({column})
        CREATE INDEX product_passing ON {on} ({column}); DROP INDEX IF EXISTS product_passing, vault.product_passing
        COMMENT ON INDEX {name} IS 'described'
        """,
    ObjectKind.TRIGGER: """
        DROP TRIGGER {name} ON {on}
        ALTER TABLE {on} <DISABLE|ENABLE|ENABLE REPLICA|ENABLE ALWAYS> TRIGGER {name}
        ALTER TABLE {on} DISABLE TRIGGER {name}; ALTER TABLE {on} ENABLE TRIGGER {name}
        ALTER TRIGGER {name} ON {on} RENAME TO renamed
        CREATE TRIGGER extra <BEFORE|AFTER> <INSERT|DELETE|TRUNCATE> ON {on} <|FOR EACH ROW> EXECUTE FUNCTION check_order()
        CREATE TRIGGER extra INSTEAD OF INSERT ON {on} FOR EACH ROW EXECUTE FUNCTION check_order()
        CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE ON {on} FOR EACH ROW EXECUTE FUNCTION touch()
        CREATE TRIGGER extra AFTER DELETE ON {on} EXECUTE FUNCTION touch(); DROP TRIGGER extra ON {on}
        COMMENT ON TRIGGER {name} ON {on} IS 'described'
        """,
    ObjectKind.FUNCTION: f"""
        DROP ROUTINE {{name}} <|CASCADE>
        ALTER ROUTINE {{name}} <IMMUTABLE|STABLE|VOLATILE|STRICT|CALLED ON NULL INPUT|SECURITY DEFINER|SECURITY INVOKER>
        ALTER ROUTINE {{name}} <LEAKPROOF|NOT LEAKPROOF|PARALLEL SAFE|PARALLEL RESTRICTED|PARALLEL UNSAFE|COST 9|ROWS 9>
        ALTER ROUTINE {{name}} <SET work_mem = '1MB'|RESET ALL|RESET lock_timeout|SET search_path = vault>
        ALTER ROUTINE {{name}} <RENAME TO renamed|OWNER TO everything_stranger|SET SCHEMA vault|DEPENDS ON EXTENSION pg_trgm>
        COMMENT ON ROUTINE {{name}} IS 'described'
        <GRANT EXECUTE ON ROUTINE {{name}} TO|REVOKE EXECUTE ON ROUTINE {{name}} FROM> {ROLE}
        CREATE OR REPLACE FUNCTION masked(secret text) RETURNS text LANGUAGE sql <|IMMUTABLE> AS $$ SELECT '***' $$
        CREATE OR REPLACE FUNCTION check_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN <NEW|OLD>; END $$
        CREATE FUNCTION <masked(secret integer)|vault.extra()> RETURNS text LANGUAGE sql RETURN '***'
        CREATE FUNCTION product_function() RETURNS text LANGUAGE sql RETURN '***'
        """,
    ObjectKind.VIEW: """
        DROP <VIEW|MATERIALIZED VIEW> {name} <|CASCADE>
        ALTER VIEW {name} <SET (security_barrier = true)|SET (security_barrier = false)|RESET (security_barrier, check_option)>
        ALTER VIEW {name} SET (<check_option = local|security_invoker = true>)
        ALTER <VIEW|MATERIALIZED VIEW> {name} <RENAME TO renamed|OWNER TO everything_stranger|SET SCHEMA vault>
        ALTER <VIEW|MATERIALIZED VIEW> {name} RENAME COLUMN <id|owner|customer_id|total> TO renamed
        ALTER VIEW {name} ALTER COLUMN <id|owner|status> SET DEFAULT NULL
        ALTER MATERIALIZED VIEW {name} <SET (fillfactor = 70)|ALTER COLUMN orders SET STATISTICS 9|SET WITHOUT CLUSTER>
        CREATE OR REPLACE VIEW returned_orders AS SELECT id, <returned_at|returned_at, status|placed_at AS returned_at> FROM orders
        CREATE RULE extra AS ON INSERT TO {name} DO INSTEAD NOTHING
        CREATE VIEW <vault.extra|product_view> AS SELECT * FROM {name}
        CREATE MATERIALIZED VIEW <vault.extra|product_view> AS SELECT * FROM {name}
        CREATE VIEW product_view AS SELECT * FROM {name}; DROP VIEW product_view
        REFRESH MATERIALIZED VIEW {name} <|WITH NO DATA>
        CREATE INDEX extra ON {name} (<customer_id|total>)
        COMMENT ON VIEW {name} IS 'described'
        """,
    ObjectKind.POLICY: """
        DROP POLICY {name} ON {on}
        ALTER POLICY {name} ON {on} <USING (true)|USING (1 = 1)|WITH CHECK (true)|RENAME TO renamed>
        ALTER POLICY {name} ON {on} TO <PUBLIC|everything_stranger|everything_writer|everything_writer, everything_reader>
        CREATE POLICY extra ON {on} <AS RESTRICTIVE|> <FOR SELECT|FOR DELETE|FOR ALL> <TO everything_stranger|> USING (true)
        CREATE POLICY extra ON {on} USING (true); DROP POLICY extra ON {on}
        COMMENT ON POLICY {name} ON {on} IS 'described'
        """,
    ObjectKind.PRIVILEGE: f"""
        GRANT <{TABLE}> ON <customers|orders|order_lines|open_orders|carts|vault.secrets> TO {ROLE}
        GRANT <SELECT|DELETE> ON <customers|orders|open_orders> TO <everything_reader|everything_writer> WITH GRANT OPTION
        REVOKE <{TABLE}> ON <customers|orders|order_lines|open_orders> FROM <everything_reader|everything_writer>
        REVOKE GRANT OPTION FOR DELETE ON orders FROM everything_writer
        GRANT <SELECT|UPDATE> (<line|quantity|product>) ON order_lines TO {ROLE}
        REVOKE <SELECT|UPDATE> (<line|quantity>) ON order_lines FROM everything_writer
        GRANT <USAGE|SELECT|UPDATE> ON SEQUENCE <coupon_numbers|vault.readings> TO {ROLE}
        REVOKE ALL ON SEQUENCE coupon_numbers FROM <everything_writer|everything_stranger>
        <GRANT <USAGE|CREATE> ON SCHEMA vault TO|REVOKE USAGE ON SCHEMA vault FROM> {ROLE}
        <GRANT USAGE ON TYPE <amount|address|order_status> TO|REVOKE USAGE ON TYPE <amount|address|order_status> FROM> {ROLE}
        GRANT SELECT ON ALL TABLES IN SCHEMA <public|vault> TO {ROLE}
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {ROLE}
        ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC
        """,
    ObjectKind.SEQUENCE: """
        ALTER SEQUENCE {name} <CYCLE|NO CYCLE|CACHE 9|INCREMENT 7|MAXVALUE 8888|MINVALUE 1|START 150|AS smallint|AS bigint|RESTART>
        ALTER SEQUENCE {name} OWNED BY <NONE|carts.id|vault.secrets.owner|coupons.number>
        ALTER SEQUENCE {name} <RENAME TO renamed|OWNER TO everything_stranger|SET SCHEMA vault|SET UNLOGGED|SET LOGGED>
        DROP SEQUENCE {name} <|CASCADE>
        SELECT setval('{name}', 500)
        CREATE SEQUENCE <vault.extra|product_sequence> CACHE 3
        COMMENT ON SEQUENCE {name} IS 'described'
        """,
    ObjectKind.TYPE: """
        DROP TYPE {name} <|CASCADE>
        ALTER TYPE {name} <RENAME TO renamed|OWNER TO everything_stranger|SET SCHEMA vault>
        ALTER TYPE {name} RENAME TO renamed; ALTER TYPE renamed RENAME TO {bare}
        ALTER TYPE order_status ADD VALUE 'extra' <|BEFORE 'placed'|AFTER 'draft'>
        ALTER TYPE order_status RENAME VALUE <'draft'|'returned'> TO 'renamed'
        ALTER TYPE order_status RENAME VALUE 'draft' TO 'renamed'; ALTER TYPE order_status RENAME VALUE 'renamed' TO 'draft'
        ALTER TYPE address <ADD ATTRIBUTE extra text|DROP ATTRIBUTE city|RENAME ATTRIBUTE street TO road|ALTER ATTRIBUTE city TYPE text>
        ALTER TYPE price_multirange RENAME TO renamed
        ALTER DOMAIN <amount|product_code> <SET NOT NULL|DROP NOT NULL|SET DEFAULT '7'|DROP DEFAULT>
        ALTER DOMAIN amount <DROP|VALIDATE> CONSTRAINT <amount_not_negative|amount_not_huge>
        ALTER DOMAIN amount RENAME CONSTRAINT amount_not_huge TO renamed
        ALTER DOMAIN <amount|product_code> ADD CONSTRAINT extra CHECK (VALUE IS NOT NULL) <|NOT VALID>
        CREATE TYPE <vault.extra|product_type> AS <ENUM ('one')|(one text)|RANGE (subtype = date)>
        CREATE DOMAIN <vault.extra|product_domain> AS text
        COMMENT ON TYPE {name} IS 'described'
        """,
    ObjectKind.SCHEMA: """
        ALTER SCHEMA {name} <RENAME TO renamed|OWNER TO everything_stranger>
        ALTER SCHEMA {name} RENAME TO renamed; ALTER SCHEMA renamed RENAME TO {name}
        DROP SCHEMA {name} CASCADE
        CREATE SCHEMA product_schema; CREATE TABLE product_schema.product_table (id serial PRIMARY KEY)
        COMMENT ON SCHEMA {name} IS 'described'
        """,
    ObjectKind.EXTENSION: """
        DROP EXTENSION {name}
        ALTER EXTENSION {name} SET SCHEMA vault
        CREATE EXTENSION hstore
        CREATE TABLE events_2029 PARTITION OF events FOR VALUES FROM ('2029-01-01') TO ('2030-01-01')
        ALTER TABLE events DETACH PARTITION <events_2026|events_others>
        DROP TABLE <events_2026|events_others>
        CREATE TABLE product_table (id serial PRIMARY KEY, customer integer REFERENCES customers)
        CREATE TEMPORARY TABLE passing (id integer)
        """,
}
CHOICE = re.compile(r"<([^<>]*)>")


def statements(objects: Iterable[CatalogObject]) -> SearchStrategy[str]:
    """One statement on one of the objects: first the kind is drawn, then what is done, then to which of them."""
    kept = tuple(objects)
    return st.one_of(*(_of_kind(kind, kept) for kind in TEMPLATES))


def alternatives(template: str) -> tuple[str, ...]:
    """Every statement that a template stands for, from its innermost choice outwards."""
    found = CHOICE.search(template)
    if found is None:
        return (" ".join(template.split()),)
    return tuple(
        itertools.chain.from_iterable(
            alternatives(template[: found.start()] + word + template[found.end() :]) for word in found[1].split("|")
        )
    )


def _of_kind(kind: ObjectKind, objects: Iterable[CatalogObject]) -> SearchStrategy[str]:
    lines = [line.strip() for line in TEMPLATES[kind].strip().splitlines()]
    columns = [each for each in objects if each.identity.kind is ObjectKind.COLUMN]
    targets = [each for each in objects if each.identity.kind is kind]
    return st.builds(
        _filled,
        st.sampled_from(lines).flatmap(lambda line: st.sampled_from(alternatives(line))),
        st.sampled_from(targets).flatmap(
            lambda target: st.tuples(st.just(target), st.sampled_from(_columns_beside(target, columns)))
        ),
    )


def _columns_beside(target: CatalogObject, columns: Iterable[CatalogObject]) -> list[str]:
    """The names of the columns of the table that the object stands on; of one that stands on none, a name at least."""
    found = [each for each in columns if target.parent and each.parent_place == target.parent_place]
    return [each.identity.name.partition(".")[2] for each in found] or ["id"]


def _filled(template: str, beside: tuple[CatalogObject, str]) -> str:
    target, column = beside
    schema = target.identity.schema or "public"
    bare = target.identity.name
    name = bare if target.identity.kind in {ObjectKind.SCHEMA, ObjectKind.EXTENSION} else f"{schema}.{bare}"
    if target.parent and bare.startswith(f"{target.parent}."):
        name = bare = bare.removeprefix(f"{target.parent}.")
    values = {"name": name, "bare": bare, "on": f"{schema}.{target.parent}", "column": column}
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], template)
