"""The ledger in a tenant's database: what was applied or adopted, by which run, and with which checksum."""

from collections.abc import Mapping

from pgfleet.documents.findings import LedgerState
from pgfleet.documents.plan import Action
from pgfleet.errors import LedgerUnusable, PermanentError
from pgfleet.judge.observations import LedgerRow
from pgfleet.manifest.model import Migration
from pgfleet.postgres.locks import shared_transaction
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.session import Session
from pgfleet.run.shipped import statement

LACKS_APPLICATION = Query(statement("ledger/lacks_application"))
ALLOWS_REVERTS = Query(statement("ledger/allows_reverts"))
FORMAT = 1
"""The ledger format that this version of pgfleet reads and writes."""
EVENT = {Action.APPLY: "applied", Action.REAPPLY: "healed", Action.RERUN: "rerun", Action.ADOPT: "adopted"}


def ledger_query(session: Session) -> Query:
    """The query whose only row `read_ledger` needs."""
    return Query(statement("ledger/exists"), {"owners": [*session.ledger_owners]})


def read_ledger(session: Session, found: tuple[bool, str | None]) -> tuple[Mapping[str, LedgerRow], str | None]:
    """The ledger's rows by version, and why they could not be read, if so. Raises transient DatabaseErrors.

    `found` says whether there is a ledger, and why it must not be used: reading it would run something of the tenant's,
    or what it says is somebody else's.
    """
    exists, fault = found
    if fault:
        advice = "if that role writes it, name it in ledger_owners, or with --ledger-owner beside --dsn"
        return {}, f"{fault}, so pgfleet does not use its ledger; {advice}"
    if not exists:
        return {}, None
    try:
        [[(version,)], rows] = session.fetch(
            Query(statement("ledger/format")), Query(statement("ledger/read"), {"home": session.home})
        )
    except PermanentError as error:
        return {}, str(error)
    if version != FORMAT:
        return (
            {},
            f"its format is {version}, this pgfleet supports {FORMAT}; use the version that wrote it or a later one",
        )
    return ledger_entries(rows), None


def ledger_entries(rows: Rows) -> Mapping[str, LedgerRow]:
    """The rows of `ledger/read` by version."""
    return {
        version: LedgerRow(state=LedgerState(state), checksum=checksum, run_id=run_id)
        for version, state, checksum, run_id in rows
    }


def prepare_ledger(session: Session, with_reverts: bool = False) -> None:
    """Creates the ledger if necessary, or adds what an earlier version of pgfleet did not record.

    An earlier ledger is made to record reverts only if those are planned. Raises a DatabaseError, and LedgerUnusable if
    it cannot be read.
    """
    [[found], [(lacks_application,)], [(allows_reverts,)]] = session.fetch(
        ledger_query(session), LACKS_APPLICATION, ALLOWS_REVERTS
    )
    if not any(found):
        with shared_transaction(session, ledger_query(session)) as [[latest]]:
            found = latest
            if not any(found):  # two tenants of one database may start at once
                session.run_own_script("ledger/create")
                return
    elif lacks_application and not found[1] and not session.is_dry_run:  # which would lock the events until it ends
        with shared_transaction(session):
            session.run_own_script("ledger/record_application")
    _, fault = read_ledger(session, found)
    if fault:
        raise LedgerUnusable(f"the ledger cannot be used: {fault}")
    if with_reverts and not allows_reverts:
        with shared_transaction(session, ALLOWS_REVERTS) as [[(allows_reverts,)]]:
            if not allows_reverts:
                session.run_own_script("ledger/allow_reverts")


def others_queries(session: Session, *, is_shared: bool) -> tuple[Query, ...]:
    """The query whose rows `has_others` needs, if objects that tenants share are about to be changed."""
    return (Query(statement("ledger/has_others"), {"home": session.home}),) if is_shared else ()


def has_others(rows: Rows) -> bool:
    """Whether the ledger records another tenant of the database, whose runs change the shared objects too."""
    [(found,)] = rows
    return bool(found)


def record(session: Session, migration: Migration, action: Action, *, run_id: str) -> None:
    """Records the action on the migration, as its state and as an event, when the transaction commits."""
    state = LedgerState.ADOPTED if action is Action.ADOPT else LedgerState.APPLIED
    session.write_at_commit(_row("record", session, migration, run_id, state=state, event=EVENT[action]))


def record_started(session: Session, migration: Migration, *, run_id: str) -> None:
    """Records the start of a migration that runs outside a transaction. Raises a DatabaseError."""
    state = LedgerState.STARTED
    session.write(_row("record", session, migration, run_id, state=state, event=state))


def forget_started(session: Session, migration: Migration, before: LedgerRow | None, *, run_id: str) -> None:
    """Undoes `record_started` after the migration left nothing: restores the row `before`. Raises a DatabaseError."""
    if before is None:
        session.write(_row("forget", session, migration, run_id, event="abandoned"))
    else:
        values = {"state": str(before.state), "checksum": before.checksum, "event": "abandoned"}
        session.write(_row("record", session, migration, before.run_id, **values))


def record_reverted(session: Session, migration: Migration, *, run_id: str) -> None:
    """Removes the migration's row, and records the revert as an event. Raises a DatabaseError."""
    session.write(_row("forget", session, migration, run_id, event="reverted"))


def record_repaired(
    session: Session, migration: Migration, before: LedgerRow | None, *, run_id: str, was_rerun: bool, is_applied: bool
) -> None:
    """Records that the migration's objects were repaired. Raises a DatabaseError.

    An existing row keeps its state and gets this run's id. Without one, the migration becomes adopted if it is applied;
    otherwise only the event is written. The checksum is that of the script that ran last.
    """
    state = before.state if before else LedgerState.ADOPTED
    checksum = before.checksum if before and not was_rerun else migration.script.checksum
    statement_name = "record" if before or is_applied else "note"
    session.write(_row(statement_name, session, migration, run_id, state=state, checksum=checksum, event="repaired"))


def _row(name: str, session: Session, migration: Migration, run_id: str, **values: str) -> Query:
    parameters = {
        "home": session.home,
        "version": migration.version,
        "file": migration.file,
        "checksum": migration.script.checksum,
        "run_id": run_id,
        **values,
    }
    return Query(statement(f"ledger/{name}"), parameters)
