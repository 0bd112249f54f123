"""What to do next about an error."""

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.entry import ErrorEntry
from pgfleet.errors import (
    AccessRefused,
    BehindPooler,
    ChecksFailed,
    ConnectionFailed,
    ConnectionLimitTimeout,
    ConnectionLost,
    DatabaseError,
    GuardTripped,
    LedgerUnusable,
    NotProven,
    PgfleetError,
    PlanOutdated,
    RevertNotProven,
)

RETRY = "run the same command again; it skips what is done"
COMPARE = "run pgfleet audit to see what this tenant is missing"
EXTENSION = f"{COMPARE}; an extension must be in a schema that belongs to no other tenant"
BY_SQLSTATE = {
    # PostgreSQL manual, Appendix A; the longer code takes precedence.
    "55P03": f"another session holds the lock: find it (pg_locks, pg_stat_activity), then {RETRY}",
    "57014": "the statement exceeded statement_timeout: raise it in the fleet file, or split the migration",
    "55P04": 'a value of an enum can be used only after the transaction that adds it: set transaction = "migration"',
    "42501": f"grant the role the missing privilege, or roll out as the objects' owner; then {RETRY}",
    "25006": "the server is read-only (a standby, or default_transaction_read_only): point the DSN at the primary",
    "53100": f"the server's disk is full: free disk space, then {RETRY}",
    "53": f"the server is out of resources: reduce its load, then {RETRY}",
    "23": "existing rows conflict with the migration: correct these rows in this tenant, or change the migration",
    "42P01": f"the script names a relation that does not exist: {COMPARE}",
    "42703": f"the script names a column that does not exist: {COMPARE}",
    "42704": f"the script names an object that does not exist: {EXTENSION}",
    "42883": f"the script names a function that does not exist: {EXTENSION}",
    "42P07": "this tenant already has another object with that name: ask its owner, or rename the migration's object",
    "42": "correct the script, or fix the object that the message names in this tenant",
    "40": RETRY,
    "28": f"correct the role or the password in the fleet file, then {RETRY}",
    "3D": f"correct the name of the database in the fleet file, then {RETRY}",
}
BY_KIND: tuple[tuple[type[PgfleetError], str], ...] = (
    (RevertNotProven, "correct the down script; pgfleet manifest check proves it"),
    (ChecksFailed, "correct the script or the check; pgfleet manifest check runs both in a scratch database"),
    (NotProven, "a rerun does not fix this: check whether pgfleet repair can, or fix it by hand"),
    (GuardTripped, "check what the script does to these rows; if that is intended, set may_shrink in the manifest"),
    (PlanOutdated, "run the command again to make a new plan"),
    (BehindPooler, 'point the tenant\'s DSN at the server itself, or set pooler = "session" if that is its mode'),
    (LedgerUnusable, "use the version of pgfleet that wrote the ledger, or a later one"),
    (AccessRefused, f"correct the connection string in the fleet file, then {RETRY}"),
    (ConnectionLimitTimeout, f"find the other pgfleet processes that are connected to the server, then {RETRY}"),
    (ConnectionFailed, f"check that the server is running and has free connections, then {RETRY}"),
    (ConnectionLost, RETRY),
)


def build_error_entry(error: PgfleetError) -> ErrorEntry:
    """The error as the document shows it, with its place in the script and the advice."""
    if not isinstance(error, DatabaseError):
        return ErrorEntry(message=str(error), advice=advise(error))
    place = error.place
    return ErrorEntry(
        message=error.message,
        sqlstate=error.sqlstate or None,
        file=place.file if place else None,
        line=place.line if place else None,
        column=place.column if place else None,
        advice=advise(error),
    )


def advise(error: PgfleetError) -> str | None:
    """What to do next; None if the message suffices."""
    if isinstance(error, DatabaseError) and error.connect_failure:
        return advise_connect_failure(error.connect_failure)
    state = error.sqlstate if isinstance(error, DatabaseError) else ""
    by_state = next((BY_SQLSTATE[state[:length]] for length in (5, 2) if state[:length] in BY_SQLSTATE), None)
    return by_state or next((advice for kind, advice in BY_KIND if isinstance(error, kind)), None)


def advise_connect_failure(failure: ConnectFailure) -> str:
    """What to do next about a tenant that is unreachable."""
    return f"{failure.advice}; then {RETRY}"
