"""The results of a contract's statements in one database."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFailure:
    """A statement that would fail, with the server's message; `statement` is None if the role does not exist."""

    statement: str | None
    message: str
    sqlstate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractObservation:
    """The statements of a consumer that would fail. `fault` says why others could not be checked, if any."""

    consumer: str
    failures: tuple[StatementFailure, ...] = ()
    fault: str | None = None
