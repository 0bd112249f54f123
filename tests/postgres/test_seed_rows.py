"""The rows of a seeded table that are read."""

from collections.abc import Iterator

import pytest
from fixtures.servers import Server

from pgfleet.documents.findings import SeedStatus
from pgfleet.judge.entries import judge_seed
from pgfleet.manifest.model import Script, Seed
from pgfleet.postgres.read.queries import read_seed
from pgfleet.postgres.session import Session


def seed(*key: str, table: str = "rules") -> Seed:
    script = Script(path="seed.sql", sql="SELECT 1", checksum="")
    return Seed(name="rules", script=script, requires="1", table=table, key=key, ignores=())


@pytest.fixture
def rules(server: Server, empty_database: str) -> Iterator[Session]:
    server.execute(
        """
        CREATE TABLE rules (name text, company integer, "Note" text);
        INSERT INTO rules VALUES ('a', 1, 'x'), ('a', 2, NULL), ('b', 1, '100 %s'), ('it''s', 3, NULL);
        """,
        empty_database,
    )
    with server.session(empty_database) as session:
        yield session


def test_without_a_baseline_all_rows_are_read(rules: Session) -> None:
    reading = read_seed(rules, seed("name", "company"), None)
    assert {(row["name"], row["company"], row["Note"]) for row in reading.rows} == {
        ("a", 1, "x"),
        ("a", 2, None),
        ("b", 1, "100 %s"),
        ("it's", 3, None),
    }


def test_with_a_baseline_only_its_keys_are_read(rules: Session) -> None:
    baseline = [{"name": "it's", "company": 3}, {"name": "b", "company": 2}, {"name": "c", "company": 1}]
    reading = read_seed(rules, seed("name", "company"), baseline)
    assert [(row["name"], row["company"]) for row in reading.rows] == [("it's", 3)]


def test_a_partial_key_reads_every_row_with_it(rules: Session) -> None:
    reading = read_seed(rules, seed("name"), [{"name": "a"}])
    assert sorted(row["company"] for row in reading.rows) == [1, 2]


def test_a_key_may_have_upper_case_and_percent_signs(rules: Session) -> None:
    reading = read_seed(rules, seed("Note"), [{"Note": "100 %s"}])
    assert [row["name"] for row in reading.rows] == ["b"]


def test_a_baseline_without_rows_reads_none(rules: Session) -> None:
    assert read_seed(rules, seed("name"), []).rows == ()


@pytest.mark.parametrize("missing", [seed("name", table="elsewhere"), seed("nom"), seed("name", table="crm.rules")])
def test_a_missing_table_or_column_is_absent(rules: Session, missing: Seed) -> None:
    reading = read_seed(rules, missing, None)
    assert reading.rows == ()
    assert reading.fault is None
    assert reading.absent is not None
    assert "does not exist" in reading.absent


def test_keys_of_any_type_work(server: Server, empty_database: str) -> None:
    columns = ["a boolean", "a timestamptz", "a date", "a uuid", "a bytea", "a bigint", "a text"]
    values = [
        "true",
        "'2026-11-26 10:00:00+00'",
        "'2026-11-26'",
        f"'{'0' * 8}-0000-0000-0000-{'1' * 12}'",
        "'x'",
        "7",
        "NULL",
    ]
    for number, (column, one) in enumerate(zip(columns, values, strict=True)):
        table = f"t{number}"
        server.execute(
            f"CREATE TABLE {table} ({column}, b text); INSERT INTO {table} VALUES ({one}, 'x')", empty_database
        )
        with server.session(empty_database) as session:
            baseline = read_seed(session, seed("a", table=table), None).rows
            reading = read_seed(session, seed("a", table=table), baseline)
        assert judge_seed(seed("a", table=table), baseline, reading).status is SeedStatus.PRESENT, column
