"""Every error that pgfleet raises on purpose.

PgfleetError
├── ConfigurationError      the fleet, the manifest or the command is wrong: exit status 2, nothing was touched
│   ├── ManifestError
│   └── FleetError
├── DatabaseError           a server answered with an error, or not at all
│   ├── ConnectionFailed    no session could be had: no answer, starting up, too many connections
│   ├── ConnectionLost      the session ended under us
│   ├── TryAgain            lock timeout, deadlock, serialization failure
│   ├── AccessRefused       wrong password, no such role or database
│   ├── PrivilegeMissing    connected, but the role may not do this
│   └── StatementFailed     any other SQL error
└── NoExpectedCatalog       what a tenant should hold could not be found out
    ├── ScratchUnavailable  no empty database could be had to replay the manifest in
    └── ReplayFailed        the server does not take a script of the manifest

Each class says whether trying again can help (`transient`). Drift is a result, never an error.
Errors are built from positional strings that go to `super().__init__`, so that they survive pickling.
"""

from typing import ClassVar


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
    """A server answered with an error; the message holds no secret. `sqlstate` is empty where the server sent none."""

    def __init__(self, message: str, sqlstate: str = "") -> None:
        super().__init__(message, sqlstate)
        self.message, self.sqlstate = message, sqlstate

    def __str__(self) -> str:
        """The message, with the SQLSTATE where there is one."""
        return f"{self.message} (SQLSTATE {self.sqlstate})" if self.sqlstate else self.message


class ConnectionFailed(DatabaseError):
    """No session could be had: the server did not answer, is starting, or has no connection left."""

    transient = True


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


class NoExpectedCatalog(PgfleetError):
    """What a tenant should hold could not be found out, so nothing can be said of it; the message says what to do."""


class ScratchUnavailable(NoExpectedCatalog):
    """No empty database could be had on a server to replay the manifest in."""

    def __init__(self, server: str, problem: str) -> None:
        super().__init__(server, problem)
        self.server, self.problem = server, problem

    def __str__(self) -> str:
        """What failed, and what to configure."""
        return (
            f"no scratch database on {self.server}: {self.problem}; "
            "grant the role CREATEDB, or set the environment's scratch_dsn to a server of the same major version"
        )


class ReplayFailed(NoExpectedCatalog):
    """The server does not take a script of the manifest."""

    def __init__(self, script: str, server_version: str, problem: str) -> None:
        super().__init__(script, server_version, problem)
        self.script, self.server_version, self.problem = script, server_version, problem

    def __str__(self) -> str:
        """Which script, on which server, why."""
        return f"{self.script} fails in an empty database on PostgreSQL {self.server_version}: {self.problem}; mend it"
