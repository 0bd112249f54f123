"""The statements of a contract's file: names, parameters, and insert targets."""

import pytest

from pgfleet.errors import Place
from pgfleet.manifest.contracts import contract_fault, contract_statements
from pgfleet.manifest.model import ContractStatement, InsertTarget

FILE = """\
-- What the worker runs.

-- name: fetch task
SELECT id FROM tasks WHERE id = $1;

-- Two comments; the name is the last.
--name:  finish task
UPDATE tasks SET done = $2, note = $10
WHERE id = $1;
"""


def targets(sql: str) -> tuple[InsertTarget, ...]:
    [statement] = contract_statements(f"-- name: x\n{sql}", file="x.sql")
    return statement.inserts


def test_a_statement_has_a_name_a_text_its_parameters_and_a_place() -> None:
    assert contract_fault(FILE) is None
    assert contract_statements(FILE, file="worker.sql") == (
        ContractStatement(
            name="fetch task",
            text="SELECT id FROM tasks WHERE id = $1",
            parameters=1,
            place=Place("worker.sql", 4, 1),
        ),
        ContractStatement(
            name="finish task",
            text="UPDATE tasks SET done = $2, note = $10\nWHERE id = $1",
            parameters=10,
            place=Place("worker.sql", 8, 1),
        ),
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "VALUES ($1::integer)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "INSERT INTO a VALUES (1)",
        "UPDATE a SET b = 1",
        "DELETE FROM a",
        "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE",
        "SELECT ';' -- name: y\n FROM a",
    ],
)
def test_what_can_be_planned_may_be_in_a_contract(sql: str) -> None:
    assert contract_fault(f"-- name: x\n{sql};\n") is None


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        pytest.param("", "contains no statement", id="empty"),
        pytest.param("-- name: nothing\n", "contains no statement", id="a name alone"),
        pytest.param(
            "-- name: x\nSELEC 1",
            'does not parse, at line 2 column 1: syntax error at or near "SELEC"',
            id="a misspelt word",
        ),
        *(
            pytest.param(
                f"-- name: x\n{sql};",
                "contains a statement other than SELECT, INSERT, UPDATE, DELETE, or MERGE, at line 2",
                id=sql.split(" ", maxsplit=1)[0],
            )
            for sql in ("CREATE TABLE a ()", "SELECT 1 INTO a", "COPY a FROM stdin", "CALL a()", "BEGIN", "SET a = 1")
        ),
        *(
            pytest.param(
                f"-- name: x\nSELECT 1;\n{before}SELECT 2;",
                f"contains a statement without a name, at line {line}; add '-- name: …' on the line before it",
                id=name,
            )
            for name, before, line in (
                ("no name", "", 3),
                ("another comment", "-- fetches\n", 4),
                ("a comment between", "-- name: y\n-- fetches\n", 5),
                ("an empty name", "-- name:\n", 4),
                ("a comment of the other kind", "/* name: y */\n", 4),
            )
        ),
        pytest.param(
            "-- name: x\nSELECT 1;\n-- name: x\nSELECT 2;",
            "contains two statements named 'x', the second at line 4",
            id="twice",
        ),
    ],
)
def test_what_is_wrong_with_a_contract(sql: str, fault: str) -> None:
    assert contract_fault(sql) == fault


@pytest.mark.parametrize(
    ("sql", "schema", "given"),
    [
        ("INSERT INTO a (x, y) VALUES ($1, $2)", None, ("x", "y")),
        ("INSERT INTO s.a (x) SELECT 1", "s", ("x",)),
        ("INSERT INTO a (x, y) VALUES ($1, DEFAULT)", None, ("x",)),
        ("INSERT INTO a (x, y) VALUES (1, 2), (DEFAULT, 2)", None, ("y",)),
        ("INSERT INTO a VALUES ($1, DEFAULT, $2)", None, (1, 3)),
        ("INSERT INTO a DEFAULT VALUES", None, ()),
        ("WITH b AS (INSERT INTO a (x) VALUES (1) RETURNING x) SELECT x FROM b", None, ("x",)),
        ("MERGE INTO a USING b ON a.x = b.x WHEN NOT MATCHED THEN INSERT (x) VALUES (b.x)", None, ("x",)),
        ("MERGE INTO a USING b ON a.x = b.x WHEN NOT MATCHED THEN INSERT DEFAULT VALUES", None, ()),
    ],
)
def test_where_a_statement_inserts_and_what_it_gives(
    sql: str, schema: str | None, given: tuple[str | int, ...]
) -> None:
    assert targets(sql) == (InsertTarget(schema=schema, table="a", given=given),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "UPDATE a SET x = 1",
        "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN UPDATE SET x = 1",
        "INSERT INTO a SELECT * FROM b",
    ],
)
def test_nothing_is_inserted_or_only_the_server_knows_what(sql: str) -> None:
    assert targets(sql) == ()
