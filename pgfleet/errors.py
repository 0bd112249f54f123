"""Every error that pgfleet raises.

PgfleetError
├── ConfigurationError          the fleet file, the manifest, or the command is wrong: exit status 2, nothing changed
│   ├── ManifestError
│   └── FleetError
├── DatabaseError               a server reported an error or did not answer
│   ├── ConnectionFailed        could not connect: no answer, starting up, too many connections
│   │   ├── ConnectionLimitTimeout  pgfleet's own connection limit was reached, and no connection became free
│   │   └── ServerSilent        the server did not answer earlier, so pgfleet did not try it again
│   ├── ConnectionLost          the connection was lost
│   ├── TryAgain                lock timeout, deadlock, serialization failure
│   └── PermanentError          a retry does not resolve it
│       ├── AccessRefused       wrong password, no such role or database
│       ├── PrivilegeMissing    connected, but the role lacks a privilege
│       └── StatementFailed     any other SQL error
├── InventoryUnreadable         an inventory could not be read
├── TenantGone                  the tenant was removed during the run
├── NoExpectedCatalog           the expected catalog could not be determined
│   ├── ScratchUnavailable      no scratch database could be created
│   └── ReplayFailed            a script of the manifest fails on the server
│       └── ScriptFaulty        it fails on every server of this version: its author must correct it
├── Rejected                    a script ran and was rolled back because of its result
│   ├── NotProven               the migration's checks fail, or its objects are not as expected
│   │   ├── ChecksFailed        only its checks fail
│   │   └── RevertNotProven     a down script does not lead to the position before the migration
│   └── GuardTripped            the script removed or changed rows that it must keep
├── PlanOutdated                the tenant or the manifest changed after the plan was made
├── LedgerUnusable              this version of pgfleet cannot use the ledger
├── BehindPooler                a session is required, but the connection leads through a pooler in transaction mode
├── CannotDryRun                a statement outside a transaction cannot be rolled back
├── TransactionInterrupted      a tenant's single transaction met a transient error and starts over
└── ServiceFailed               a service could not be restarted

`transient` says whether a retry can succeed. Drift is a result, never an error. Errors are built from positional
arguments, which Python keeps in `args`, so that they survive pickling.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from pgfleet.connect_failure import ConnectFailure
from pgfleet.hidden_characters import show_hidden
from pgfleet.wording import shortened

MOST_CHARACTERS = 2000
"""The longest file name, key, or problem that a message shows in full."""
MOST_FAULTS = 10
"""How many faults of one file a message shows."""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a statement in a script; `line` and `column` start at 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """`1_one.sql, line 3 column 5`."""
        return f"{self.file}, line {self.line} column {self.column}"


class PgfleetError(Exception):
    """pgfleet cannot do what was requested."""

    transient: ClassVar[bool] = False

    def __str__(self) -> str:
        """The message, on one line, with hidden characters shown: it may quote a tenant's text."""
        return show_hidden(self._text())

    def _text(self) -> str:
        return super().__str__()


class ConfigurationError(PgfleetError):
    """A file or option is wrong; `others` are the keys and problems of further faults in the same file."""

    def __init__(self, file: str, key: str, problem: str, *others: tuple[str, str]) -> None:
        super().__init__(file, key, problem, *others)
        self.file, self.key, self.problem, self.others = file, key, problem, others

    def __str__(self) -> str:
        """One line for each fault: file, key, problem; at most MOST_FAULTS."""
        faults = [(self.key, self.problem), *self.others]
        lines = [self._line(*fault) for fault in faults[:MOST_FAULTS]]
        if len(faults) > MOST_FAULTS:
            lines.append(self._line(f"and {len(faults) - MOST_FAULTS} more"))
        return "\n".join(lines)

    def _line(self, *fault: str) -> str:
        parts = (show_hidden(" ".join(part.split())) for part in (self.file, *fault) if part)
        return ": ".join(shortened(part, MOST_CHARACTERS) for part in parts)


class ManifestError(ConfigurationError):
    """The manifest or one of its scripts is wrong."""


class FleetError(ConfigurationError):
    """The fleet file is wrong, or does not contain what was requested."""


@dataclass(eq=False, repr=False)
class DatabaseError(PgfleetError):
    """A server reported an error; the message contains no secret. `sqlstate` is empty if the server sent none.

    `place` is the place of the statement, if it is from a script. `connect_failure` is set if connecting failed.
    """

    message: str
    sqlstate: str = ""
    place: Place | None = None
    connect_failure: ConnectFailure | None = None

    def _text(self) -> str:
        """The place, the message, and the SQLSTATE; or why connecting failed, and the advice."""
        if self.connect_failure:
            return f"{self.message}; {self.connect_failure.advice}"
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text} (SQLSTATE {self.sqlstate})" if self.sqlstate else text


class ConnectionFailed(DatabaseError):
    """Could not connect: the server did not answer, is starting up, or has no free connection."""

    transient = True


class ConnectionLimitTimeout(ConnectionFailed):
    """pgfleet's own limit of connections to the server was reached, and no connection became free in time."""


class ServerSilent(ConnectionFailed):
    """The server answered neither this run nor a later probe, so pgfleet did not try it again."""


class ConnectionLost(DatabaseError):
    """The connection was lost while in use, or the server sent no answer."""

    transient = True


class TryAgain(DatabaseError):
    """A transient failure of a statement: a lock timeout, deadlock, or serialization failure."""

    transient = True


class PermanentError(DatabaseError):
    """An error of a server that a retry does not resolve."""


class AccessRefused(PermanentError):
    """The server refuses the connection permanently: wrong password, no such role or database, no TLS."""


class PrivilegeMissing(PermanentError):
    """Connected, but the role lacks a privilege (SQLSTATE 42501)."""


class StatementFailed(PermanentError):
    """Any other SQL error."""


@dataclass(eq=False, repr=False)
class InventoryUnreadable(PgfleetError):
    """An inventory could not be read, so the tenants are unknown; it is never treated as empty."""

    where: str
    server: str
    problem: str

    def _text(self) -> str:
        return f"{self.where}: could not be read from {self.server}: {self.problem}; the tenants are unknown"


class TenantGone(PgfleetError):
    """The tenant existed when the run started and does not exist any more."""


class NoExpectedCatalog(PgfleetError):
    """Without an expected catalog, no tenant can be judged; the message says what to do."""


@dataclass(eq=False, repr=False)
class ScratchUnavailable(NoExpectedCatalog):
    """No scratch database, in which to replay the manifest, could be created on a server."""

    server: str
    problem: str
    advice: str = "grant the role CREATEDB, or "

    def _text(self) -> str:
        return (
            f"no scratch database on {self.server}: {self.problem}; "
            f"{self.advice}set the environment's scratch_dsn to a server of the same major version"
        )


@dataclass(eq=False, repr=False)
class ReplayFailed(NoExpectedCatalog):
    """A script of the manifest fails in an empty database."""

    script: str
    server_version: str
    problem: str

    def _text(self) -> str:
        return (
            f"{self.script} fails in an empty database on PostgreSQL {self.server_version}: {self.problem}; correct it"
        )


class ScriptFaulty(ReplayFailed):
    """A script of the manifest fails in an empty database because the script itself is wrong."""


class Rejected(PgfleetError):
    """A script ran without an error and was rolled back because of its result."""


@dataclass(eq=False, repr=False)
class NotProven(Rejected):
    """A migration whose checks fail or whose objects are not as expected after it ran.

    `residual` are the differences that it would have left, as entries of the audit document.
    """

    message: str
    residual: tuple[Any, ...] = ()

    def _text(self) -> str:
        return self.message


class ChecksFailed(NotProven):
    """A migration whose checks fail after it ran, although its objects are as expected."""


class RevertNotProven(NotProven):
    """A down script after which the tenant does not have the catalog of the position before the migration."""


class GuardTripped(Rejected):
    """A script removed rows of a guarded table, or a seed changed existing rows."""


class PlanOutdated(PgfleetError):
    """The tenant or the manifest changed after the plan was made; nothing was changed, and the next run plans again."""


class LedgerUnusable(PgfleetError):
    """The ledger has a newer format than this version of pgfleet supports, or was not created by pgfleet."""


@dataclass(eq=False, repr=False)
class BehindPooler(PgfleetError):
    """An operation needs a session, which a pooler in transaction mode does not provide; nothing was started."""

    what: str

    def _text(self) -> str:
        return f"{self.what}, so it needs a session of its own, which a pooler in transaction mode does not provide"


class CannotDryRun(PgfleetError):
    """A statement that cannot run in the dry run's transaction, so the dry run does not exercise it."""


class TransactionInterrupted(PgfleetError):
    """A dry run, or a rollout in one transaction per tenant, met a transient error: all of it starts over."""


class ServiceFailed(PgfleetError):
    """A service could not be restarted; a retry may succeed."""

    transient = True
