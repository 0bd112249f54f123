"""The ledger of the migration tool whose files a manifest uses, in a tenant's database."""

from pgfleet.errors import DatabaseError, LedgerUnusable
from pgfleet.manifest.model import Manifest, Migration, ToolLedger
from pgfleet.manifest.source.ledger import Recorded, TableName, table_name
from pgfleet.manifest.source.tools import ledger_format
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement


def exists_query(ledger: ToolLedger, home: str) -> Query:
    """The query whose rows `read_tool_ledger` needs."""
    table = table_name(ledger.table, home=home)
    return Query(statement("ledger/tool_exists"), {"schema": table.schema, "name": table.name})


def read_tool_ledger(session: Session, manifest: Manifest, found: Rows) -> Recorded | None:
    """What the ledger records of the manifest's migrations; None if the tenant has none.

    `found` are the rows of `exists_query`. Raises transient DatabaseErrors.
    """
    ledger, [(is_table,)] = manifest.ledger, found
    if ledger is None or is_table is None:
        return None
    if not is_table:
        return Recorded(fault=f"{ledger.table} is not a table")
    layout = ledger_format(ledger.tool)
    try:
        [rows] = session.fetch(Query(layout.read(table_name(ledger.table, home=session.home))))
    except DatabaseError as error:
        if error.transient:
            raise
        return Recorded(fault=str(error))
    try:
        return layout.applied(rows, manifest.migrations)
    except (AttributeError, TypeError, ValueError):  # a tenant's table may contain anything
        return Recorded(fault=f"{ledger.table} contains a row that {ledger.tool} does not write")


def record_in_tool_ledger(session: Session, manifest: Manifest, migration: Migration) -> None:
    """Records the migration as the tool would, in our transaction; creates the table if the tenant has none.

    Does nothing unless the manifest says `write = true`, or if the tool has recorded the migration. Raises a
    DatabaseError, and LedgerUnusable if the ledger cannot be read or reports a failure.
    """
    ledger = manifest.ledger
    if ledger is None or not ledger.write:
        return
    layout, table = ledger_format(ledger.tool), table_name(ledger.table, home=session.home)
    [found] = session.fetch(exists_query(ledger, session.home))
    recorded = read_tool_ledger(session, manifest, found)
    if recorded and recorded.fault:
        raise LedgerUnusable(f"the ledger of {ledger.tool} cannot be used: {recorded.fault}")
    if recorded is None:
        session.write(Query(layout.definition(table)))
    if layout.insert and (recorded is None or migration.version not in recorded.versions):
        # In a text with values, a percent sign is doubled.
        named = TableName(schema=table.schema.replace("%", "%%"), name=table.name.replace("%", "%%"))
        session.write(*(Query(text, values) for text, values in layout.insert(migration, named)))
