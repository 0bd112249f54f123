"""What came of a contract's statements in one database."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFailure:
    """A statement that would not work, by its name, with the server's message; None where it is the role that fails."""

    statement: str | None
    message: str
    sqlstate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractObservation:
    """The statements of a consumer that would not work. `fault` says why others could not be tried, if any."""

    consumer: str
    failures: tuple[StatementFailure, ...] = ()
    fault: str | None = None
