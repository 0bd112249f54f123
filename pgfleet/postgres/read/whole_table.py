"""Reads all rows of a tenant's table, unless they would take too much memory."""

from pgfleet.errors import LedgerUnusable
from pgfleet.manifest.source.ledger import TableName
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.session import Session

MOST_ROWS, MOST_BYTES = 100_000, 16 * 2**20
"""Of a ledger. Migration tools write at most one row and a few hundred bytes for each run of a migration."""
READ = """\
WITH entry AS MATERIALIZED (SELECT * FROM ({select}) AS found LIMIT {most_rows} + 1),
total AS (
  SELECT
    pg_catalog.count(*) AS entries,
    COALESCE(pg_catalog.sum(pg_catalog.octet_length(pg_catalog.concat(entry.*))), 0) AS bytes
  FROM entry
)
SELECT total.entries, total.bytes, entry.*
FROM total
LEFT JOIN entry
  ON total.entries OPERATOR(pg_catalog.<=) {most_rows} AND total.bytes OPERATOR(pg_catalog.<=) {most_bytes}
"""
"""Sizes are those of the output functions of the types, because a cast to text may be the tenant owner's."""


def read_whole(session: Session, select: str, table: TableName) -> Rows:
    """The rows of `select`, which reads this table. Raises LedgerUnusable if they are too many or too large.

    Also raises a DatabaseError.
    """
    text = READ.format(select=select, most_rows=MOST_ROWS, most_bytes=MOST_BYTES)
    [rows] = session.fetch(Query(text, tables=frozenset({table.sql})))
    entries, size = rows[0][:2]
    name = f"{table.schema}.{table.name}"
    if entries > MOST_ROWS:
        raise LedgerUnusable(f"{name} has more than {MOST_ROWS:,} rows")
    if size > MOST_BYTES:
        raise LedgerUnusable(f"{name} has more than {MOST_BYTES // 2**20} MiB of text")
    return [row[2:] for row in rows] if entries else []
