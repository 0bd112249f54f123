"""What to do next about an error."""

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.rollout import ErrorEntry
from pgfleet.errors import (
    AccessRefused,
    BehindPooler,
    ConnectionFailed,
    ConnectionLimitTimeout,
    ConnectionLost,
    DatabaseError,
    GuardTripped,
    LedgerUnusable,
    NotProven,
    PgfleetError,
    PlanOutdated,
)

AGAIN = "run the same command again; what is done is skipped"
EXTENSION = "see what the tenant lacks (pgfleet audit); an extension must lie in a schema that is no other tenant's"
BY_SQLSTATE = {
    # PostgreSQL manual, appendix A; a longer code wins.
    "55P03": f"another session holds the lock: see who (pg_locks, pg_stat_activity), then {AGAIN}",
    "57014": "the statement took longer than statement_timeout: raise it in the fleet file, or split the migration",
    "42501": "grant the role what the message names, or let the objects' owner run the rollout; then run it again",
    "25006": "the server takes no writes (a standby, or default_transaction_read_only): point the dsn at the primary",
    "53100": "the server's disk is full: make room, then run it again",
    "53": f"the server is short of resources: relieve it, then {AGAIN}",
    "23": "rows that are there contradict the migration: put them right in this tenant, or mend the migration",
    "42P01": "a relation that the script names is not there: see what the tenant lacks (pgfleet audit)",
    "42703": "a column that the script names is not there: see what the tenant lacks (pgfleet audit)",
    "42704": f"what the script names is not there: {EXTENSION}",
    "42883": f"a function that the script names is not there: {EXTENSION}",
    "42P07": "something of that name is there, and is no such object: rename or drop it in this tenant",
    "42": "mend the script, or put right in this tenant what it cannot work with",
    "40": AGAIN,
    "28": "put the role or the password right in the fleet file, then run it again",
    "3D": "put the database's name right in the fleet file, then run it again",
}
BY_KIND: tuple[tuple[type[PgfleetError], str], ...] = (
    (NotProven, "a rerun does not heal this: see what pgfleet repair can do, else put it right by hand"),
    (GuardTripped, "look at what the script does to these rows; if that is meant, say so in the manifest (may_shrink)"),
    (PlanOutdated, "run the command again: it plans anew"),
    (BehindPooler, 'give the tenant a dsn that leads to the server itself (or say pooler = "session", if that is so)'),
    (LedgerUnusable, "use the version of pgfleet that wrote it, or a later one"),
    (AccessRefused, "put the connection string right in the fleet file, then run it again"),
    (ConnectionLimitTimeout, f"see what else has connections of pgfleet's to that server, then {AGAIN}"),
    (ConnectionFailed, f"see whether the server is up and has connections left, then {AGAIN}"),
    (ConnectionLost, AGAIN),
)


def build_error_entry(error: PgfleetError) -> ErrorEntry:
    """The error for the document, with its place and what to do next."""
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
    """What to do next; None where the message says all there is to say."""
    if isinstance(error, DatabaseError) and error.because:
        return advise_connect_failure(error.because)
    state = error.sqlstate if isinstance(error, DatabaseError) else ""
    by_state = next((BY_SQLSTATE[state[:length]] for length in (5, 2) if state[:length] in BY_SQLSTATE), None)
    return by_state or next((said for kind, said in BY_KIND if isinstance(error, kind)), None)


def advise_connect_failure(because: ConnectFailure) -> str:
    """What to do next about a tenant with which no session could be had."""
    return f"{because.advice}{'' if because.advice.endswith('?') else ';'} then {AGAIN}"
