"""The statements that fix every kind of object, with their hazards."""

import pytest
from unit.literals import an_expected_catalog
from unit.repair_objects import (
    ODD,
    a_column,
    a_constraint,
    a_domain,
    a_function,
    a_policy,
    a_privilege,
    a_sequence,
    a_table,
    a_trigger,
    a_type,
    a_view,
    an_extension,
    an_index,
    an_object,
    changed,
    missing,
    told,
)

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.catalog.repair_facts import NO_FACTS, Dependent, RepairFacts
from pgfleet.repair.generate.statements import generate_statements
from pgfleet.repair.model import ManualRepairNeeded


def made(difference: Difference, *others: CatalogObject, facts: RepairFacts = NO_FACTS) -> list[str]:
    """Where these others are expected too."""
    expected = an_expected_catalog((difference.version, [difference.expected, *others]))
    return told(generate_statements(difference, expected, facts))


def depending(*objects: CatalogObject) -> RepairFacts:
    """That these depend on the object, each on what comes before it."""
    return RepairFacts(
        dependents=tuple(Dependent(identity=each.identity, description=each.identity.name) for each in objects)
    )


ADDED = {
    "a schema": (an_object(ObjectKind.SCHEMA, "s", "CREATE SCHEMA s", {}), ["CREATE SCHEMA s"]),
    "an extension": (an_extension("1.1"), ["CREATE EXTENSION x"]),
    "a type": (a_type("enum", labels=["a"]), ["CREATE TYPE y"]),
    "a function": (a_function(), ["CREATE OR REPLACE FUNCTION f(integer) AS 1"]),
    "a sequence of nobody's": (
        a_sequence("s", table=None, cycle=True),
        ["CREATE SEQUENCE s AS bigint INCREMENT BY 1 MINVALUE 1 MAXVALUE 99 START WITH 1 CACHE 1 CYCLE"],
    ),
    "an unlogged sequence": (
        a_sequence("s", table=None, unlogged=True),
        ["CREATE UNLOGGED SEQUENCE s AS bigint INCREMENT BY 1 MINVALUE 1 MAXVALUE 99 START WITH 1 CACHE 1"],
    ),
    "a sequence that a column owns": (
        a_sequence(increment=-1),
        [
            "CREATE SEQUENCE t_c_seq AS bigint INCREMENT BY -1 MINVALUE 1 MAXVALUE 99 START WITH 1 CACHE 1",
            "late: ALTER SEQUENCE t_c_seq OWNED BY t.c",
            "late: SELECT pg_catalog.setval('t_c_seq', min(c)) FROM t HAVING min(c) IS NOT NULL",
        ],
    ),
    "a column": (a_column(), ["ALTER TABLE t ADD COLUMN c text -- ACCESS_EXCLUSIVE"]),
    "a column with a constant": (
        a_column(definition="text NOT NULL DEFAULT 'a'::text", not_null=True, default="'a'::text"),
        ["ALTER TABLE t ADD COLUMN c text NOT NULL DEFAULT 'a'::text -- ACCESS_EXCLUSIVE"],
    ),
    "a column with a value for each row": (
        a_column(definition="uuid DEFAULT gen_random_uuid()", default="gen_random_uuid()"),
        ["ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid() -- ACCESS_EXCLUSIVE, REWRITES"],
    ),
    "a column that must be given": (
        a_column(definition="text NOT NULL", not_null=True),
        ["ALTER TABLE t ADD COLUMN c text NOT NULL -- ACCESS_EXCLUSIVE, MAY_FAIL"],
    ),
    "a generated column": (
        a_column(definition="text GENERATED ALWAYS AS (a) STORED", generated="s", default="a"),
        ["ALTER TABLE t ADD COLUMN c text GENERATED ALWAYS AS (a) STORED -- ACCESS_EXCLUSIVE, REWRITES"],
    ),
    "a column of another schema, of odd names": (
        a_column('"T.x"."c.d"', table="T.x", schema=ODD),
        ['ALTER TABLE "Odd ""S.x"."T.x" ADD COLUMN "c.d" text -- ACCESS_EXCLUSIVE'],
    ),
    "a column by a keyword's name": (
        a_column("t.order"),
        ['ALTER TABLE t ADD COLUMN "order" text -- ACCESS_EXCLUSIVE'],
    ),
    "a primary key": (
        a_constraint("PRIMARY KEY (a)"),
        ["ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a) -- ACCESS_EXCLUSIVE, READS_ALL, MAY_FAIL"],
    ),
    "a check": (
        a_constraint("CHECK ((a > 0))", schema="s"),
        ["ALTER TABLE s.t ADD CONSTRAINT k CHECK ((a > 0)) -- ACCESS_EXCLUSIVE, READS_ALL, MAY_FAIL"],
    ),
    "a check that is not valid": (
        a_constraint("CHECK ((a > 0)) NOT VALID", validated=False),
        ["ALTER TABLE t ADD CONSTRAINT k CHECK ((a > 0)) NOT VALID -- ACCESS_EXCLUSIVE"],
    ),
    "a foreign key": (
        a_constraint("FOREIGN KEY (a) REFERENCES u(a)"),
        ["late: ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u(a) -- BLOCKS_WRITES, READS_ALL, MAY_FAIL"],
    ),
    "an index": (an_index("CREATE INDEX i ON t"), ["CREATE INDEX i ON t -- BLOCKS_WRITES, READS_ALL"]),
    "a unique index of a partitioned table": (
        an_index("CREATE UNIQUE INDEX i ON ONLY t"),
        ["CREATE UNIQUE INDEX i ON t -- BLOCKS_WRITES, READS_ALL, MAY_FAIL"],
    ),
    "a view with defaults and rules": (
        a_view(
            defaults=["ALTER VIEW v ALTER COLUMN a SET DEFAULT 1"],
            rules=["CREATE RULE r AS\n    ON INSERT TO v DO INSTEAD NOTHING"],
        ),
        [
            "CREATE VIEW v AS\n SELECT a\n   FROM t",
            "ALTER VIEW v ALTER COLUMN a SET DEFAULT 1",
            "late: CREATE OR REPLACE RULE r AS\n    ON INSERT TO v DO INSTEAD NOTHING -- ACCESS_EXCLUSIVE",
        ],
    ),
    "a materialised view": (
        a_view(materialized=True),
        ["CREATE MATERIALIZED VIEW v AS\n SELECT a\n   FROM t"],
    ),
    "a trigger": (a_trigger(), ["late: CREATE TRIGGER g -- BLOCKS_WRITES"]),
    "a trigger that always fires": (
        a_trigger(enabled="A"),
        ["late: CREATE TRIGGER g -- BLOCKS_WRITES", "late: ALTER TABLE t ENABLE ALWAYS TRIGGER g -- BLOCKS_WRITES"],
    ),
    "a policy": (a_policy(), ["late: CREATE POLICY p ON t -- ACCESS_EXCLUSIVE"]),
    "a privilege": (a_privilege("GRANT SELECT ON TABLE t TO app"), ["late: GRANT SELECT ON TABLE t TO app"]),
    "what PUBLIC may not": (
        a_privilege("REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC"),
        ["late: REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC"],
    ),
}


@pytest.mark.parametrize(("wanted", "statements"), ADDED.values(), ids=ADDED.keys())
def test_what_is_missing_is_made(wanted: CatalogObject, statements: list[str]) -> None:
    assert made(missing(wanted)) == statements


def test_a_view_is_made_with_what_stands_on_it() -> None:
    index = an_object(ObjectKind.INDEX, "i", "", {"definition": "CREATE INDEX i ON v"}, parent="v")
    grant = a_privilege("GRANT SELECT ON TABLE v TO app", parent="v")
    assert made(missing(a_view(materialized=True)), grant, index, an_index("CREATE INDEX j ON t", "j"))[1:] == [
        "late: GRANT SELECT ON TABLE v TO app",
        "CREATE INDEX i ON v -- BLOCKS_WRITES, READS_ALL",
    ]


IDENTITY = a_column(definition="bigint GENERATED ALWAYS AS IDENTITY", type="bigint", not_null=True, identity="a")
SERIAL = a_column(type="bigint", not_null=True, default="nextval('t_c_seq'::regclass)")
OPTIONS = "(SEQUENCE NAME t_c_seq INCREMENT BY 1 MINVALUE 1 MAXVALUE 99 START WITH 1000 CACHE 1)"


def test_the_sequence_of_an_identity_comes_with_its_column() -> None:
    sequence = a_sequence(start=1000)
    assert made(missing(IDENTITY), sequence) == [
        f"ALTER TABLE t ADD COLUMN c bigint GENERATED ALWAYS AS IDENTITY {OPTIONS} -- ACCESS_EXCLUSIVE, REWRITES"
    ]


def test_the_sequence_of_an_identity_column_that_exists_is_renamed() -> None:
    column = a_column('"T.x"."c.d"', table="T.x", identity="a")
    assert made(missing(a_sequence("s", table="T.x", owned_by="T.x.c.d")), column) == [
        (
            "DO 'BEGIN EXECUTE pg_catalog.format(''ALTER SEQUENCE %s RENAME TO %I'',"
            """ pg_catalog.pg_get_serial_sequence(''"T.x"'', ''c.d''), ''s''); END'"""
        )
    ]


def test_a_serial_becomes_an_identity_again() -> None:
    assert made(changed(IDENTITY, SERIAL), a_sequence(start=1000)) == [
        "ALTER TABLE t ALTER COLUMN c DROP DEFAULT -- ACCESS_EXCLUSIVE",
        "ALTER SEQUENCE t_c_seq RENAME TO pgfleet_t_c_seq",
        f"ALTER TABLE t ALTER COLUMN c ADD GENERATED ALWAYS AS IDENTITY {OPTIONS} -- ACCESS_EXCLUSIVE",
        "SELECT pg_catalog.setval('t_c_seq', last_value, is_called) FROM pgfleet_t_c_seq",
        "DROP SEQUENCE pgfleet_t_c_seq -- MAY_BE_NEEDED",
    ]


def test_an_identity_continues_after_the_sequence_that_a_default_used() -> None:
    found = a_column(type="bigint", not_null=True, default="nextval('\"Odd\".other'::regclass)")
    assert made(changed(IDENTITY, found), a_sequence())[-1] == (
        "SELECT pg_catalog.setval('t_c_seq', last_value, is_called) FROM \"Odd\".other"
    )


def test_an_identity_becomes_a_serial_again() -> None:
    assert made(changed(SERIAL, IDENTITY), a_sequence())[:2] == [
        "ALTER TABLE t ALTER COLUMN c DROP IDENTITY -- ACCESS_EXCLUSIVE",
        "CREATE SEQUENCE t_c_seq AS bigint INCREMENT BY 1 MINVALUE 1 MAXVALUE 99 START WITH 1 CACHE 1",
    ]
    assert made(changed(SERIAL, IDENTITY), a_sequence())[-1] == (
        "ALTER TABLE t ALTER COLUMN c SET DEFAULT nextval('t_c_seq'::regclass) -- ACCESS_EXCLUSIVE"
    )


def test_an_ordinary_column_becomes_an_identity() -> None:
    assert made(changed(IDENTITY, a_column(type="bigint"))) == [
        "ALTER TABLE t ALTER COLUMN c SET NOT NULL -- ACCESS_EXCLUSIVE, READS_ALL, MAY_FAIL",
        "ALTER TABLE t ALTER COLUMN c ADD GENERATED ALWAYS AS IDENTITY -- ACCESS_EXCLUSIVE",
    ]


SHORT = a_column(type="varchar(9)", default="'a'::varchar")
RETYPED = "ALTER TABLE t ALTER COLUMN c TYPE text USING c::text -- ACCESS_EXCLUSIVE, REWRITES, MAY_FAIL"

COLUMNS = {
    "another type": (a_column(), a_column(type="varchar(9)"), [RETYPED]),
    "a shorter type, without cutting values off": (
        a_column(type="character varying(9)"),
        a_column(),
        [RETYPED.replace("TYPE text", "TYPE character varying(9)").replace("::text", "::character varying")],
    ),
    "a type that rounds": (
        a_column(type="real"),
        a_column(type="numeric"),
        [f"{RETYPED.replace('text', 'real')}, CHANGES_ROWS"],
    ),
    "an array of a shorter type": (
        a_column(type="character(9)[]"),
        a_column(),
        ["ALTER TABLE t ALTER COLUMN c TYPE character(9)[] USING c::text[] -- ACCESS_EXCLUSIVE, REWRITES, MAY_FAIL"],
    ),
    "another type, and defaults": (
        a_column(default="'b'::text"),
        SHORT,
        [
            "ALTER TABLE t ALTER COLUMN c DROP DEFAULT -- ACCESS_EXCLUSIVE",
            RETYPED,
            "ALTER TABLE t ALTER COLUMN c SET DEFAULT 'b'::text -- ACCESS_EXCLUSIVE",
        ],
    ),
    "another type, and the same default": (
        a_column(default="now()"),
        a_column(type="varchar(9)", default="now()"),
        [
            "ALTER TABLE t ALTER COLUMN c DROP DEFAULT -- ACCESS_EXCLUSIVE",
            RETYPED,
            "ALTER TABLE t ALTER COLUMN c SET DEFAULT now() -- ACCESS_EXCLUSIVE",
        ],
    ),
    "another type, and a default too many": (
        a_column(),
        SHORT,
        ["ALTER TABLE t ALTER COLUMN c DROP DEFAULT -- ACCESS_EXCLUSIVE", RETYPED],
    ),
    "another collation": (
        a_column(collation='"C"'),
        a_column(),
        ['ALTER TABLE t ALTER COLUMN c TYPE text COLLATE "C" -- ACCESS_EXCLUSIVE, REWRITES, MAY_FAIL'],
    ),
    "no default": (
        a_column(default="now()"),
        a_column(),
        ["ALTER TABLE t ALTER COLUMN c SET DEFAULT now() -- ACCESS_EXCLUSIVE"],
    ),
    "a default too many": (
        a_column(),
        a_column(default="now()"),
        ["ALTER TABLE t ALTER COLUMN c DROP DEFAULT -- ACCESS_EXCLUSIVE"],
    ),
    "nulls": (
        a_column(not_null=True),
        a_column(),
        ["ALTER TABLE t ALTER COLUMN c SET NOT NULL -- ACCESS_EXCLUSIVE, READS_ALL, MAY_FAIL"],
    ),
    "no nulls": (
        a_column(),
        a_column(not_null=True),
        ["ALTER TABLE t ALTER COLUMN c DROP NOT NULL -- ACCESS_EXCLUSIVE"],
    ),
    "a NOT NULL that is not valid": (
        a_column(not_null=True),
        a_column(not_null="NOT VALID"),
        ["ALTER TABLE t ALTER COLUMN c SET NOT NULL -- ACCESS_EXCLUSIVE, READS_ALL, MAY_FAIL"],
    ),
    "a NOT NULL that is not to be valid": (
        a_column(not_null="NOT VALID"),
        a_column(),
        ["ALTER TABLE t ADD NOT NULL c NOT VALID -- ACCESS_EXCLUSIVE"],
    ),
    "a NOT NULL that is not to be inherited": (
        a_column(not_null="NO INHERIT"),
        a_column(not_null=True),
        [
            "ALTER TABLE t ALTER COLUMN c DROP NOT NULL -- ACCESS_EXCLUSIVE",
            "ALTER TABLE t ADD NOT NULL c NO INHERIT -- ACCESS_EXCLUSIVE, READS_ALL, MAY_FAIL",
        ],
    ),
    "another sort of identity": (
        a_column(identity="d"),
        a_column(identity="a"),
        ["ALTER TABLE t ALTER COLUMN c SET GENERATED BY DEFAULT -- ACCESS_EXCLUSIVE"],
    ),
    "generated, and to be ordinary": (
        a_column(default="1"),
        a_column(generated="s", default="a"),
        [
            "ALTER TABLE t ALTER COLUMN c DROP EXPRESSION -- ACCESS_EXCLUSIVE",
            "ALTER TABLE t ALTER COLUMN c SET DEFAULT 1 -- ACCESS_EXCLUSIVE",
        ],
    ),
}
FK, FK_OPEN = "FOREIGN KEY (a) REFERENCES u(a)", "FOREIGN KEY (a) REFERENCES u(a) NOT VALID"
ADD_FK = f"late: ALTER TABLE t ADD CONSTRAINT k {FK} -- BLOCKS_WRITES, READS_ALL, MAY_FAIL"
KEYS = {
    "a foreign key that was never proven": (
        a_constraint(FK),
        a_constraint(FK_OPEN, validated=False),
        ["late: ALTER TABLE t VALIDATE CONSTRAINT k -- READS_ALL, MAY_FAIL"],
    ),
    "a foreign key that is switched off": (
        a_constraint(FK),
        a_constraint(FK, fires=False),
        ["ALTER TABLE t DROP CONSTRAINT k -- ACCESS_EXCLUSIVE", ADD_FK],
    ),
    "one that is not proven and switched off": (
        a_constraint(FK),
        a_constraint(FK_OPEN, validated=False, fires=False),
        ["ALTER TABLE t DROP CONSTRAINT k -- ACCESS_EXCLUSIVE", ADD_FK],
    ),
    "another primary key": (
        a_constraint("PRIMARY KEY (a)"),
        a_constraint("PRIMARY KEY (b)"),
        [
            "ALTER TABLE t DROP CONSTRAINT k -- ACCESS_EXCLUSIVE, MAY_BE_NEEDED",
            "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a) -- ACCESS_EXCLUSIVE, READS_ALL, MAY_FAIL",
        ],
    ),
    "another index": (
        an_index("CREATE INDEX i ON s.t", schema="s"),
        an_index("CREATE INDEX i ON s.t", schema="s", valid=False),
        ["DROP INDEX s.i -- ACCESS_EXCLUSIVE", "CREATE INDEX i ON s.t -- BLOCKS_WRITES, READS_ALL"],
    ),
}
SEQUENCES = {
    "other bounds": (
        a_sequence(maximum=9, cycle=True),
        a_sequence(),
        ["ALTER SEQUENCE t_c_seq MAXVALUE 9 CYCLE"],
    ),
    "a cycle too many": (a_sequence(), a_sequence(cycle=True), ["ALTER SEQUENCE t_c_seq NO CYCLE"]),
    "nobody's": (
        a_sequence(),
        a_sequence(table=None),
        ["late: ALTER SEQUENCE t_c_seq OWNED BY t.c"],
    ),
    "to be nobody's": (
        a_sequence(table=None, schema=ODD),
        a_sequence(schema=ODD),
        ['late: ALTER SEQUENCE "Odd ""S.x".t_c_seq OWNED BY NONE'],
    ),
    "unlogged": (a_sequence(), a_sequence(unlogged=True), ["ALTER SEQUENCE t_c_seq SET LOGGED"]),
}
RULE = "CREATE RULE r AS\n    ON DELETE TO t DO INSTEAD NOTHING"
REPLACE_RULE = f"late: {RULE.replace('CREATE', 'CREATE OR REPLACE')} -- ACCESS_EXCLUSIVE"
TABLES = {
    "unlogged": (a_table(), a_table(unlogged=True), ["ALTER TABLE t SET LOGGED -- ACCESS_EXCLUSIVE, REWRITES"]),
    "row security": (
        a_table(row_security=True, row_security_forced=True),
        a_table(),
        [
            "late: ALTER TABLE t ENABLE ROW LEVEL SECURITY -- ACCESS_EXCLUSIVE",
            "late: ALTER TABLE t FORCE ROW LEVEL SECURITY -- ACCESS_EXCLUSIVE",
        ],
    ),
    "another parent": (
        a_table(inherits=["a"], schema="s"),
        a_table(inherits=["b"], schema="s"),
        ["ALTER TABLE s.t NO INHERIT b -- ACCESS_EXCLUSIVE", "late: ALTER TABLE s.t INHERIT a -- ACCESS_EXCLUSIVE"],
    ),
    "of no type": (a_table(of_type="y"), a_table(), ["ALTER TABLE t OF y -- ACCESS_EXCLUSIVE"]),
    "of a type": (a_table(), a_table(of_type="y"), ["ALTER TABLE t NOT OF -- ACCESS_EXCLUSIVE"]),
    "a rule too many": (a_table(), a_table(rules=[RULE]), ["DROP RULE r ON t -- ACCESS_EXCLUSIVE"]),
    "no rule": (a_table(rules=[RULE]), a_table(), [REPLACE_RULE]),
    "a rule that is switched off": (
        a_table(rules=[RULE]),
        a_table(rules=[f"{RULE} (SWITCHED OFF: D)"]),
        [REPLACE_RULE, "late: ALTER TABLE t ENABLE RULE r -- ACCESS_EXCLUSIVE"],
    ),
    "a rule that is to be switched off": (
        a_table(rules=[f"{RULE} (SWITCHED OFF: D)"]),
        a_table(rules=[RULE]),
        [REPLACE_RULE, "late: ALTER TABLE t DISABLE RULE r -- ACCESS_EXCLUSIVE"],
    ),
}
TYPES = {
    "labels are missing": (
        a_type("enum", labels=["a", "b'", "c"]),
        a_type("enum", labels=["c"]),
        ["ALTER TYPE y ADD VALUE 'a' BEFORE 'c'", "ALTER TYPE y ADD VALUE 'b''' AFTER 'a'"],
    ),
    "every label is missing": (
        a_type("enum", labels=["a"], schema=ODD),
        a_type("enum", labels=None, schema=ODD),
        ['ALTER TYPE "Odd ""S.x".y ADD VALUE \'a\''],
    ),
    "a label was renamed": (
        a_type("enum", labels=["a", "b"]),
        a_type("enum", labels=["a", "x"]),
        ["ALTER TYPE y RENAME VALUE 'x' TO 'b' -- CHANGES_ROWS"],
    ),
    "an attribute is missing": (
        a_type("composite", attributes=["a text", '"b c" integer']),
        a_type("composite", attributes=["a text"]),
        ['ALTER TYPE y ADD ATTRIBUTE "b c" integer -- MAY_FAIL'],
    ),
    "a domain": (
        a_domain(default="'a'", constraints={"k": "CHECK (1)", "K": "CHECK (2)"}, not_null=True),
        a_domain(constraints={"k": "CHECK (3)"}),
        [
            "ALTER DOMAIN y SET DEFAULT 'a'",
            "ALTER DOMAIN y DROP CONSTRAINT k",
            "ALTER DOMAIN y ADD CONSTRAINT k CHECK (1) -- READS_ALL, MAY_FAIL",
            'ALTER DOMAIN y ADD CONSTRAINT "K" CHECK (2) -- READS_ALL, MAY_FAIL',
            "ALTER DOMAIN y SET NOT NULL -- READS_ALL, MAY_FAIL",
        ],
    ),
    "a domain of which less is expected": (
        a_domain(),
        a_domain(default="'a'", not_null=True),
        ["ALTER DOMAIN y DROP DEFAULT", "ALTER DOMAIN y DROP NOT NULL"],
    ),
}
GRANT = "GRANT SELECT ON TABLE t TO app"
PROGRAMS = {
    "another body": (a_function(), a_function(body="2"), ["CREATE OR REPLACE FUNCTION f(integer) AS 1"]),
    "another result": (
        a_function(),
        a_function(returns="text"),
        [
            "DROP ROUTINE f(integer) -- MAY_BE_NEEDED, LOSES_GRANTS",
            "CREATE OR REPLACE FUNCTION f(integer) AS 1",
        ],
    ),
    "a trigger that is switched off": (
        a_trigger(),
        a_trigger(enabled="D"),
        ["late: ALTER TABLE t ENABLE TRIGGER g -- BLOCKS_WRITES"],
    ),
    "another trigger": (
        a_trigger(enabled="R"),
        a_trigger("CREATE TRIGGER g AFTER"),
        [
            "DROP TRIGGER IF EXISTS g ON t -- ACCESS_EXCLUSIVE",
            "late: CREATE TRIGGER g -- BLOCKS_WRITES",
            "late: ALTER TABLE t ENABLE REPLICA TRIGGER g -- BLOCKS_WRITES",
        ],
    ),
    "another policy": (
        a_policy(name='t."p.q"'),
        a_policy("other", name='t."p.q"'),
        ['DROP POLICY IF EXISTS "p.q" ON t -- ACCESS_EXCLUSIVE', "late: CREATE POLICY p ON t -- ACCESS_EXCLUSIVE"],
    ),
    "no grant option": (
        a_privilege(f"{GRANT} WITH GRANT OPTION", grantable=True),
        a_privilege(GRANT),
        [f"late: {GRANT} WITH GRANT OPTION"],
    ),
    "a grant option too many": (
        a_privilege(GRANT),
        a_privilege(f"{GRANT} WITH GRANT OPTION", grantable=True),
        ["late: REVOKE GRANT OPTION FOR SELECT ON TABLE t FROM app"],
    ),
    "an older extension": (
        an_extension("1.1", "x-y"),
        an_extension("1.0", "x-y"),
        ["ALTER EXTENSION \"x-y\" UPDATE TO '1.1'"],
    ),
}
OTHER = " SELECT b AS a\n   FROM t"
VIEWS = {
    "another query": (
        a_view(),
        a_view(OTHER),
        ["CREATE OR REPLACE VIEW v AS\n SELECT a\n   FROM t -- ACCESS_EXCLUSIVE"],
    ),
    "a default too many, of an odd name": (
        a_view(columns=["a b integer"]),
        a_view(columns=["a b integer DEFAULT 1"], defaults=['ALTER VIEW v ALTER COLUMN "a b" SET DEFAULT 1']),
        [
            "CREATE OR REPLACE VIEW v AS\n SELECT a\n   FROM t -- ACCESS_EXCLUSIVE",
            'ALTER VIEW v ALTER COLUMN "a b" DROP DEFAULT',
        ],
    ),
    "another default": (
        a_view(columns=["a integer DEFAULT 2"], defaults=["ALTER VIEW v ALTER COLUMN a SET DEFAULT 2"]),
        a_view(columns=["a integer DEFAULT 1"], defaults=["ALTER VIEW v ALTER COLUMN a SET DEFAULT 1"]),
        [
            "CREATE OR REPLACE VIEW v AS\n SELECT a\n   FROM t -- ACCESS_EXCLUSIVE",
            "ALTER VIEW v ALTER COLUMN a SET DEFAULT 2",
        ],
    ),
    "a rule too many": (
        a_view(),
        a_view(rules=[RULE]),
        [
            "CREATE OR REPLACE VIEW v AS\n SELECT a\n   FROM t -- ACCESS_EXCLUSIVE",
            "DROP RULE r ON v -- ACCESS_EXCLUSIVE",
        ],
    ),
    "a column of another type": (
        a_view(),
        a_view(columns=["a text"]),
        ["DROP VIEW IF EXISTS v -- MAY_BE_NEEDED, LOSES_GRANTS", "CREATE VIEW v AS\n SELECT a\n   FROM t"],
    ),
    "a materialised one": (
        a_view(),
        a_view(materialized=True),
        ["DROP MATERIALIZED VIEW IF EXISTS v -- MAY_BE_NEEDED, LOSES_GRANTS", "CREATE VIEW v AS\n SELECT a\n   FROM t"],
    ),
}
CHANGES = {**COLUMNS, **{f"key: {name}": case for name, case in KEYS.items()}}
for word, cases in (
    ("sequence", SEQUENCES),
    ("table", TABLES),
    ("type", TYPES),
    ("program", PROGRAMS),
    ("view", VIEWS),
):
    CHANGES |= {f"{word}: {name}": case for name, case in cases.items()}


@pytest.mark.parametrize(("wanted", "found", "statements"), CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_object_is_fixed(wanted: CatalogObject, found: CatalogObject, statements: list[str]) -> None:
    assert made(changed(wanted, found)) == statements


def test_a_function_or_view_is_re_created_with_its_dependents() -> None:
    on_view = a_privilege("GRANT SELECT ON TABLE v TO app", parent="v")
    assert made(changed(a_view(), a_view(columns=["a text"])), on_view)[-1] == "late: GRANT SELECT ON TABLE v TO app"
    on_function = a_privilege("GRANT EXECUTE ON FUNCTION f TO app", parent="f(integer)")
    statements = made(changed(a_function(), a_function(returns="text")), on_function)
    assert statements[-1] == "late: GRANT EXECUTE ON FUNCTION f TO app"


LEFT = {
    "a table": (a_table(), None, "the table was lost with its rows"),
    "a partitioned table": (a_table(form="partitioned"), a_table(), "its form is ordinary: re-create the table"),
    "another partition key": (
        a_table(form="partitioned", partition_key="LIST (a)"),
        a_table(form="partitioned", partition_key="LIST (b)"),
        "its partition key is LIST",
    ),
    "a foreign table elsewhere": (a_table(server="a"), a_table(server="b"), "its server is b"),
    "a rule in unknown words": (a_table(rules=["CREATE X"]), a_table(), "unknown format"),
    "a generated column": (a_column(generated="s"), a_column(), "only a new column can be"),
    "a virtual column": (a_column(), a_column(generated="v"), "virtual generated column"),
    "a generated column of another type": (
        a_column(generated="s", default="a"),
        a_column(generated="s", default="a", type="integer"),
        "the type of a generated column",
    ),
    "another expression": (
        a_column(generated="s", default="a"),
        a_column(generated="s", default="b"),
        "before PostgreSQL 17",
    ),
    "the NOT NULL of an identity column": (
        a_column(not_null="NO INHERIT", identity="a"),
        a_column(not_null=True, identity="a"),
        "the NOT NULL of an identity column cannot be dropped",
    ),
    "another form of type": (a_type("enum", labels=[]), a_domain(), "not of the expected form enum"),
    "a range": (a_type("range", subtype="a"), a_type("range", subtype="b"), "a range type cannot be altered"),
    "labels in another order": (
        a_type("enum", labels=["a", "b"]),
        a_type("enum", labels=["b", "a"]),
        "in another order",
    ),
    "a label too many": (a_type("enum", labels=["a"]), a_type("enum", labels=["a", "b"]), "it has an unexpected label"),
    "attributes in another order": (
        a_type("composite", attributes=["a text", "b text"]),
        a_type("composite", attributes=["b text", "a text"]),
        "in another order",
    ),
    "an attribute of another type": (
        a_type("composite", attributes=["a text"]),
        a_type("composite", attributes=["a integer"]),
        "ALTER TYPE y ALTER ATTRIBUTE a TYPE text works only if no table has a column of this type",
    ),
    "an attribute too many": (
        a_type("composite", attributes=["a text"]),
        a_type("composite", attributes=["a text", "b text"]),
        "unexpected attributes, which rows may use: b",
    ),
    "a domain of something else": (a_domain(base="integer"), a_domain(), "its base type is text"),
}


@pytest.mark.parametrize(("wanted", "found", "reason"), LEFT.values(), ids=LEFT.keys())
def test_a_difference_that_no_statement_can_fix_needs_a_person(
    wanted: CatalogObject, found: CatalogObject | None, reason: str
) -> None:
    with pytest.raises(ManualRepairNeeded, match=reason):
        made(missing(wanted) if found is None else changed(wanted, found))


FIRST = a_view(" SELECT t.c\n   FROM t", name="first")
SECOND = a_view(" SELECT c\n   FROM first", name="second")
BESIDE = a_view(" SELECT t.d\n   FROM t", name="beside")
POLICY = a_policy("CREATE POLICY p ON t USING (c)")
RETYPED = changed(a_column(), a_column(type="varchar(9)"))


def test_what_depends_on_a_column_is_dropped_before_its_type_changes_and_made_again() -> None:
    statements = made(RETYPED, BESIDE, SECOND, FIRST, facts=depending(FIRST, SECOND))
    assert [each.split(" -- ")[0].split(" AS\n")[0] for each in statements] == [
        "DROP VIEW IF EXISTS second",
        "DROP VIEW IF EXISTS first",
        "ALTER TABLE t ALTER COLUMN c TYPE text USING c::text",
        "CREATE VIEW first",
        "CREATE VIEW second",
    ]


def test_what_else_depends_on_an_object_is_named() -> None:
    own = RepairFacts(
        dependents=(Dependent(identity=None, description="operator +(t, t)"), *depending(FIRST).dependents)
    )
    with pytest.raises(ManualRepairNeeded, match=r"which the manifest does not re-create: operator \+\(t, t\), first$"):
        made(RETYPED, facts=own)


def test_a_type_without_a_cast_needs_a_person() -> None:
    with pytest.raises(ManualRepairNeeded, match=r"there is no cast from varchar\(9\) to text"):
        made(RETYPED, facts=RepairFacts(has_cast=False))


def test_an_extension_is_updated_only_along_a_path() -> None:
    difference = changed(an_extension("1.5"), an_extension("1.6"))
    with pytest.raises(ManualRepairNeeded, match=r"no update path from version 1\.6 to 1\.5"):
        made(difference, facts=RepairFacts(has_path=False))


def test_the_home_schema_is_named_where_a_repair_runs() -> None:
    definition = "GRANT USAGE ON SCHEMA acme TO app WITH GRANT OPTION"
    [statement] = made(missing(a_privilege(definition, on="SCHEMA")))
    assert statement == (
        "late: DO 'BEGIN EXECUTE pg_catalog.format("
        "''GRANT USAGE ON SCHEMA %I TO app WITH GRANT OPTION'', pg_catalog.current_schema()); END'"
    )
