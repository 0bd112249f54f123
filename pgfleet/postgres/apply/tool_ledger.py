"""The ledger of the migration tool whose files a manifest uses, in a tenant's database."""

from dataclasses import replace

from pgfleet.errors import MOST_CHARACTERS, LedgerUnusable, PermanentError
from pgfleet.manifest.model import Manifest, Migration, ToolLedger
from pgfleet.manifest.source.ledger import Recorded, TableName, table_name
from pgfleet.manifest.source.tools import LEDGERS
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.whole_table import read_whole
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
    layout = LEDGERS[ledger.tool]
    try:
        table = table_name(ledger.table, home=session.home)
        rows = read_whole(session, layout.read(table), table)
    except (PermanentError, LedgerUnusable) as error:
        return Recorded(fault=str(error))
    try:
        recorded = layout.applied(rows, manifest.migrations)
        return replace(recorded, fault=recorded.fault and recorded.fault[:MOST_CHARACTERS])
    except (ArithmeticError, AttributeError, TypeError, ValueError):  # a tenant's table may contain anything, also NaN
        return Recorded(fault=f"{ledger.table} contains a row that {ledger.tool} does not write")


def record_in_tool_ledger(session: Session, manifest: Manifest, migration: Migration) -> None:
    """Records the migration as the tool would, in our transaction; creates the table if the tenant has none.

    Does nothing unless the manifest says `write = true`, or if the tool has recorded the migration. Raises a
    DatabaseError, and LedgerUnusable if the ledger cannot be read or reports a failure.
    """
    ledger = manifest.ledger
    if ledger is None or not ledger.write:
        return
    layout, table = LEDGERS[ledger.tool], table_name(ledger.table, home=session.home)
    recorded = _recorded(session, manifest)
    if recorded is None:
        session.write(Query(layout.definition(table)))
    if layout.insert and (recorded is None or migration.version not in recorded.versions):
        rows = layout.insert(migration, _in_a_text(table))
        session.write_at_commit(*(Query(text, values) for text, values in rows))


def remove_from_tool_ledger(session: Session, manifest: Manifest, migration: Migration) -> None:
    """Records a revert as the tool would, in our transaction; does nothing if the tool does not record the migration.

    Raises a DatabaseError, and LedgerUnusable if the ledger cannot be read or written, or would not be right after it.
    """
    ledger = manifest.ledger
    recorded = _recorded(session, manifest)
    if ledger is None or recorded is None or migration.version not in recorded.versions:
        return
    layout, table = LEDGERS[ledger.tool], table_name(ledger.table, home=session.home)
    if not ledger.write or layout.remove is None:
        raise LedgerUnusable(f"the ledger of {ledger.tool} records it, and pgfleet does not write that ledger")
    versioned = [each for each in manifest.migrations if not each.repeatable]
    place = versioned.index(migration)
    previous = versioned[place - 1] if place else None
    session.write(*(Query(text, values) for text, values in layout.remove(migration, previous, _in_a_text(table))))
    if _recorded(session, manifest) != Recorded(versions=recorded.versions - {migration.version}):
        raise LedgerUnusable(
            f"{ledger.table} records later migrations than {migration.file}; revert those with {ledger.tool}"
        )


def _recorded(session: Session, manifest: Manifest) -> Recorded | None:
    """What the ledger records; None if there is none. Raises LedgerUnusable if it cannot be relied on."""
    ledger = manifest.ledger
    if ledger is None:
        return None
    [found] = session.fetch(exists_query(ledger, session.home))
    recorded = read_tool_ledger(session, manifest, found)
    if recorded and recorded.fault:
        raise LedgerUnusable(f"the ledger of {ledger.tool} cannot be used: {recorded.fault}")
    return recorded


def _in_a_text(table: TableName) -> TableName:
    """The name for a text with values, in which a percent sign is doubled."""
    return TableName(schema=table.schema.replace("%", "%%"), name=table.name.replace("%", "%%"))
