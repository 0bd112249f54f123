"""The planner's figures of tables, as a plan shows them."""

from fixtures.servers import Server

from pgfleet.hazards.model import Relation
from pgfleet.postgres.read.partitions import read_sizes

TABLES = """
CREATE TABLE plain (n int PRIMARY KEY);
INSERT INTO plain SELECT generate_series(1, 1000);
CREATE TABLE never (n int);
CREATE SCHEMA app;
CREATE TABLE app.parts (n int) PARTITION BY RANGE (n);
CREATE TABLE app.low PARTITION OF app.parts FOR VALUES FROM (0) TO (500);
CREATE TABLE app.high PARTITION OF app.parts FOR VALUES FROM (500) TO (2000);
INSERT INTO app.parts SELECT generate_series(1, 1000);
ANALYZE plain; ANALYZE app.low; ANALYZE app.high;
"""


def test_rows_and_bytes_with_indexes_and_partitions(embedded_server: Server) -> None:
    database = embedded_server.create_database()
    embedded_server.execute(TABLES, database)
    wanted = [Relation(None, "plain"), Relation(None, "gone"), Relation("app", "parts"), Relation(None, "never")]
    with embedded_server.session(database) as session:
        plain, parts, never = read_sizes(session, wanted)
    assert (plain.table, plain.rows) == ("plain", 1000)
    assert plain.bytes > 2 * 8192, "with its index"
    assert (parts.table, parts.rows) == ("app.parts", 1000)
    assert parts.bytes >= 2 * 8192
    assert (never.table, never.rows, never.bytes) == ("never", None, 0)
