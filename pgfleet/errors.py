"""Every error that pgfleet raises on purpose.

PgfleetError
├── ConfigurationError      the fleet, the manifest or the command is wrong: exit status 2, nothing was touched
│   ├── ManifestError
│   └── FleetError
├── DatabaseError           a server answered with an error, or not at all
│   ├── ConnectionFailed    no session could be had: no answer, starting up, too many connections
│   │   └── ConnectionLimitTimeout        as many connections of ours are open as may be, and none is given back
│   ├── ConnectionLost      the session ended under us
│   ├── TryAgain            lock timeout, deadlock, serialization failure
│   ├── AccessRefused       wrong password, no such role or database
│   ├── PrivilegeMissing    connected, but the role may not do this
│   └── StatementFailed     any other SQL error
├── InventoryUnreadable     which tenants there are could not be found out
├── TenantGone              the tenant was there when the run began, and is not any more
├── NoExpectedCatalog       what a tenant should hold could not be found out
│   ├── ScratchUnavailable  no empty database could be had to replay the manifest in
│   └── ReplayFailed        the server does not take a script of the manifest
├── Rejected                a script ran, and was rolled back for what it left
│   ├── NotProven           the migration's checks or objects are not as they should be
│   └── GuardTripped        rows are gone or altered that the script had no business with
├── PlanOutdated            the tenant is no longer as it was when the plan was made
├── LedgerUnusable          the ledger is none that this version of pgfleet may write
├── BehindPooler            what needs a session of its own, where a pooler lends them out
├── CannotDryRun          a statement that runs in no transaction cannot be rolled back
├── DryRunInterrupted    a dry run met a passing obstacle and begins anew, as a whole
└── ServiceFailed           a service could not be restarted

Each class says whether trying again can help (`transient`). Drift is a result, never an error.
Errors are built from positional strings that go to `super().__init__`, so that they survive pickling.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from pgfleet.connect_failure import ConnectFailure


@dataclass(frozen=True, slots=True)
class Place:
    """A statement's place in a script; `line` and `column` are counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """`1_one.sql, line 3 column 5`."""
        return f"{self.file}, line {self.line} column {self.column}"


class PgfleetError(Exception):
    """Something that pgfleet was asked for cannot be done."""

    transient: ClassVar[bool] = False


class ConfigurationError(PgfleetError):
    """A file or option is wrong; `str()` is one line that names the file, the key and what to do."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(file, key, problem)
        self.file, self.key, self.problem = file, key, problem

    def __str__(self) -> str:
        """One line: file, key, problem."""
        return ": ".join(" ".join(part.split()) for part in (self.file, self.key, self.problem) if part)


class ManifestError(ConfigurationError):
    """The manifest or a script that it names is wrong."""


class FleetError(ConfigurationError):
    """The fleet file is wrong, or what was asked of it is not in it."""


class DatabaseError(PgfleetError):
    """A server answered with an error; the message holds no secret. `sqlstate` is empty where the server sent none.

    `place` is that of the statement in a script, or None where it was no script's; `because` says why no session was
    had, where that is what happened.
    """

    def __init__(
        self, message: str, sqlstate: str = "", place: Place | None = None, because: ConnectFailure | None = None
    ) -> None:
        super().__init__(message, sqlstate, place, because)
        self.message, self.sqlstate, self.place, self.because = message, sqlstate, place, because

    def __str__(self) -> str:
        """The place and the message, with the SQLSTATE where there is one; why no session was had, with the advice."""
        if self.because:
            return f"{self.message}; {self.because.advice}"
        said = f"{self.place}: {self.message}" if self.place else self.message
        return f"{said} (SQLSTATE {self.sqlstate})" if self.sqlstate else said


class ConnectionFailed(DatabaseError):
    """No session could be had: the server did not answer, is starting, or has no connection left."""

    transient = True


class ConnectionLimitTimeout(ConnectionFailed):
    """The server was not even asked: as many connections of ours as may be are open, and none was given back."""


class ConnectionLost(DatabaseError):
    """The session ended while it was in use."""

    transient = True


class TryAgain(DatabaseError):
    """The statement met a passing obstacle: a lock timeout, a deadlock, a serialization failure."""

    transient = True


class AccessRefused(DatabaseError):
    """The server answered, and will go on refusing: wrong password, no such role or database, no TLS."""


class PrivilegeMissing(DatabaseError):
    """Connected, but the role may not do or read this (SQLSTATE 42501)."""


class StatementFailed(DatabaseError):
    """Any other SQL error."""


class InventoryUnreadable(PgfleetError):
    """An inventory could not be read, so which tenants there are is not known; it is never taken for empty."""

    def __init__(self, where: str, server: str, problem: str) -> None:
        super().__init__(where, server, problem)
        self.where, self.server, self.problem = where, server, problem

    def __str__(self) -> str:
        """Which inventory, where it was asked, why it did not answer."""
        said = f"cannot be read from {self.server}: {self.problem}; which tenants there are is not known"
        return f"{self.where}: {said}"


class TenantGone(PgfleetError):
    """The tenant was there when the run began, and is not there any more: nothing can be said of it."""


class NoExpectedCatalog(PgfleetError):
    """What a tenant should hold could not be found out, so nothing can be said of it; the message says what to do."""


class ScratchUnavailable(NoExpectedCatalog):
    """No empty database could be had on a server to replay the manifest in."""

    def __init__(self, server: str, problem: str, advice: str = "grant the role CREATEDB, or ") -> None:
        super().__init__(server, problem, advice)
        self.server, self.problem, self.advice = server, problem, advice

    def __str__(self) -> str:
        """What failed, and what to configure."""
        return (
            f"no scratch database on {self.server}: {self.problem}; "
            f"{self.advice}set the environment's scratch_dsn to a server of the same major version"
        )


class ReplayFailed(NoExpectedCatalog):
    """The server does not take a script of the manifest."""

    def __init__(self, script: str, server_version: str, problem: str) -> None:
        super().__init__(script, server_version, problem)
        self.script, self.server_version, self.problem = script, server_version, problem

    def __str__(self) -> str:
        """Which script, on which server, why."""
        return f"{self.script} fails in an empty database on PostgreSQL {self.server_version}: {self.problem}; mend it"


class Rejected(PgfleetError):
    """A script ran without an error, and was rolled back for what it left."""


class NotProven(Rejected):
    """A migration whose checks do not pass afterwards, or whose objects are not as expected.

    `residual` holds the differences that it would have left, as entries of the audit document.
    """

    def __init__(self, message: str, residual: tuple[Any, ...] = ()) -> None:
        super().__init__(message, residual)
        self.message, self.residual = message, residual

    def __str__(self) -> str:
        """What is not as it should be."""
        return self.message


class GuardTripped(Rejected):
    """Rows of a guarded table are gone, or rows that a seed found were altered."""


class PlanOutdated(PgfleetError):
    """The tenant is no longer as it was when the plan was made; nothing was done, and another run plans anew."""


class LedgerUnusable(PgfleetError):
    """The ledger is of a later format than this version of pgfleet knows, or was not made by pgfleet."""


class BehindPooler(PgfleetError):
    """What needs a session of its own cannot be done through a pooler in transaction mode; nothing was begun."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        """What it is, and what is in its way."""
        return f"{self.what}, so it needs a session of its own, and a pooler in transaction mode stands in between"


class CannotDryRun(PgfleetError):
    """A statement that refuses to run in a transaction cannot be rolled back, so it is not rehearsed."""


class DryRunInterrupted(PgfleetError):
    """A dry run met a passing obstacle: all of its transaction is gone, so it begins anew as a whole."""


class ServiceFailed(PgfleetError):
    """A service could not be restarted; trying again may help."""

    transient = True
