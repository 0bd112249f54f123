"""Statements that create missing objects."""

import pytest
from unit.repair_objects import (
    ODD,
    a_column,
    a_constraint,
    a_function,
    a_policy,
    a_privilege,
    a_sequence,
    a_trigger,
    a_type,
    a_view,
    an_extension,
    an_index,
    an_object,
    changed,
    made,
    missing,
)

from pgfleet.catalog.objects import CatalogObject, ObjectKind
from pgfleet.repair.model import ManualRepairNeeded

ADDED = {
    "a schema": (an_object(ObjectKind.SCHEMA, "s", "CREATE SCHEMA s", {}), ["CREATE SCHEMA s"]),
    "an extension": (an_extension("1.1"), ["CREATE EXTENSION x"]),
    "a type": (a_type("enum", labels=["a"]), ["CREATE TYPE y"]),
    "a function": (a_function(), ["CREATE OR REPLACE FUNCTION f(integer) AS 1"]),
    "an unlogged sequence that cycles": (
        a_sequence(unlogged=True, cycle=True),
        [
            (
                "CREATE UNLOGGED SEQUENCE t_c_seq "
                "AS bigint INCREMENT BY 1 MINVALUE 1 MAXVALUE 99 START WITH 1 CACHE 1 CYCLE"
            ),
            "late: ALTER SEQUENCE t_c_seq OWNED BY t.c",
            "late: SELECT pg_catalog.setval('t_c_seq', max(c)) FROM t HAVING max(c) >= 1",
        ],
    ),
    "a sequence that a column owns": (
        a_sequence(increment=-1),
        [
            "CREATE SEQUENCE t_c_seq AS bigint INCREMENT BY -1 MINVALUE 1 MAXVALUE 99 START WITH 1 CACHE 1",
            "late: ALTER SEQUENCE t_c_seq OWNED BY t.c",
            "late: SELECT pg_catalog.setval('t_c_seq', min(c)) FROM t HAVING min(c) <= 1",
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


def test_a_sequence_without_owner_continues_after_the_columns_that_use_it() -> None:
    columns = [a_column(f"{table}.c", table=table, default="nextval('s'::regclass)") for table in ("t", "u")]
    assert made(missing(a_sequence("s", table=None)), *columns)[1:] == [
        (
            "late: SELECT pg_catalog.setval('s', max(value)) "
            "FROM (SELECT max(c) FROM t UNION ALL SELECT max(c) FROM u) AS used (value) HAVING max(value) >= 1"
        )
    ]


def test_a_sequence_that_no_column_uses_is_left_to_a_person() -> None:
    with pytest.raises(ManualRepairNeeded, match="its current value is lost: create it"):
        made(missing(a_sequence("s", table=None)), a_column(default="'a' || nextval('s'::regclass)"))


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
