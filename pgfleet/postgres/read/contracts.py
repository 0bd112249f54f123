"""Tries a consumer's statements: the server plans each one as the consumer's role and executes none.

Planning checks tables, columns, types, conflict targets, functions, and all privileges except the one on the sequence
of a column's default, which is looked up separately.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from psycopg import sql

from pgfleet.catalog.contracts import ContractObservation, StatementFailure
from pgfleet.errors import DatabaseError, PermanentError, PrivilegeMissing
from pgfleet.manifest.model import Contract, ContractStatement
from pgfleet.manifest.statement_names import tables_of
from pgfleet.postgres.query import Query, Rows
from pgfleet.postgres.read.missing import absence
from pgfleet.postgres.session import Session
from pgfleet.postgres.session_settings import USE_HOME_PATH, USE_SERVER_PATH
from pgfleet.run import shipped

NAME = "pgfleet_contract"
UNDO = f"DEALLOCATE {NAME}"
"""A rollback does not undo PREPARE, and a pooler would pass the statement on to other clients."""

OF_THE_SERVER = ("25", "26", "42P05", "53", "55", "57", "58", "XX")
"""SQLSTATEs that say nothing about the statement: timeouts, resources, session state, tables that are not trusted."""
OF_ROW_SECURITY = "row-level security"
"""In the message of an error that the session's `row_security = off` causes."""
ROW_SECURITY = "SET LOCAL row_security TO on"
"""A role that policies apply to may run its statements; whether they return all rows is not the question here."""
INSUFFICIENT_PRIVILEGE = "42501"
UNDEFINED_TABLE = "42P01"


def try_contracts(
    session: Session,
    contracts: Sequence[Contract],
    roles: Mapping[str, str],
    missing: frozenset[str] = frozenset(),
) -> tuple[ContractObservation, ...]:
    """The outcome of each contract, in one round trip unless something fails. Raises transient DatabaseErrors.

    `roles` maps a consumer to its database role. Without a role no privilege is judged: the server plans a statement
    before it checks privileges, so one that the session's role may not run still counts as working. A statement that
    names a table of `missing` (quoted names) is not sent.
    """
    absent = {each.consumer: tuple(_absent(each, missing)) for each in contracts}
    rest = [_without(each, absent[each.consumer]) for each in contracts]
    sent = [each for each in rest if each.statements or each.consumer in roles]
    tried = {each.consumer: each for each in _try_present(session, sent, roles)}
    return tuple(_merged(each, absent[each.consumer], tried.get(each.consumer)) for each in contracts)


def _absent(contract: Contract, missing: frozenset[str]) -> Iterator[StatementFailure]:
    for each in contract.statements:
        if tables := tables_of(each.text) & missing:
            yield StatementFailure(statement=each.name, message=absence(tables), sqlstate=UNDEFINED_TABLE)


def _without(contract: Contract, failures: tuple[StatementFailure, ...]) -> Contract:
    names = {each.statement for each in failures}
    return replace(contract, statements=tuple(each for each in contract.statements if each.name not in names))


def _merged(
    contract: Contract, absent: tuple[StatementFailure, ...], tried: ContractObservation | None
) -> ContractObservation:
    """Both kinds of failures in the order of the statements; the absence of the role comes alone."""
    found = tried.failures if tried else ()
    places = {each.name: place for place, each in enumerate(contract.statements)}
    if all(each.statement for each in found):
        found = tuple(sorted((*absent, *found), key=lambda each: places[each.statement or ""]))
    return ContractObservation(consumer=contract.consumer, failures=found, fault=tried.fault if tried else None)


def _try_present(
    session: Session, contracts: Sequence[Contract], roles: Mapping[str, str]
) -> tuple[ContractObservation, ...]:
    if not contracts:
        return ()
    with_role = [each for each in contracts if each.consumer in roles]
    sequences = [_sequence_query(session, each, roles[each.consumer]) for each in with_role]
    plans = [
        _plan(statement, roles.get(each.consumer))
        for each in sorted(contracts, key=lambda each: each.consumer in roles)  # a role, once set, stays
        for statement in each.statements
    ]
    try:
        answers = session.fetch(*sequences, *plans, undo=UNDO)
    except PermanentError:
        return tuple(_try_contract(session, each, roles.get(each.consumer)) for each in contracts)
    refused = {each.consumer: tuple(_refused(rows)) for each, rows in zip(with_role, answers, strict=False)}
    return tuple(
        ContractObservation(consumer=each.consumer, failures=refused.get(each.consumer, ())) for each in contracts
    )


def _try_contract(session: Session, contract: Contract, role: str | None) -> ContractObservation:
    """The outcome of one contract, statement by statement."""
    if role and (reading := _try_role(session, contract, role)):
        return reading
    outcomes = [_try_statement(session, each, role) for each in contract.statements]
    failures = [each for each in outcomes if isinstance(each, StatementFailure)]
    faults = [each for each in outcomes if isinstance(each, str)]
    if role:
        refused = _look_up_sequences(session, contract, role)
        faults += [refused] if isinstance(refused, str) else []
        failed = {each.statement for each in failures}
        failures += [each for each in refused if not isinstance(each, str) and each.statement not in failed]
    return ContractObservation(consumer=contract.consumer, failures=tuple(failures), fault="; ".join(faults) or None)


def _try_role(session: Session, contract: Contract, role: str) -> ContractObservation | None:
    """The outcome if the session cannot assume the role; None if it can."""
    error = _error(session, Query(_as_role(role)))
    if error is None:
        return None
    if isinstance(error, PrivilegeMissing):
        fault = f"{error.message}; allow the auditing role to assume it: GRANT {_quoted(role)} TO the auditing role"
        return ContractObservation(consumer=contract.consumer, fault=fault)
    if error.sqlstate.startswith(OF_THE_SERVER):
        return ContractObservation(consumer=contract.consumer, fault=error.message)
    failure = StatementFailure(statement=None, message=error.message, sqlstate=error.sqlstate)
    return ContractObservation(consumer=contract.consumer, failures=(failure,))


def _try_statement(session: Session, statement: ContractStatement, role: str | None) -> StatementFailure | str | None:
    """None if it works, its failure if not, and text if it could not be tried."""
    error = _error(session, _plan(statement, role))
    if error is None:
        return None
    if isinstance(error, PrivilegeMissing) and role and (unseen := _error(session, _look(statement))):
        return _untried(statement, unseen)
    if isinstance(error, PrivilegeMissing) and role is None:
        text = f"{_prepare(statement)};\n{UNDO}"
        unprepared = _error(session, Query(text, at_home=True, tables=tables_of(statement.text), is_only_planned=True))
        return _untried(statement, unprepared) if unprepared else None
    if error.sqlstate.startswith(OF_THE_SERVER) or not error.sqlstate:
        return f"'{statement.name}': {error.message}"
    return StatementFailure(statement=statement.name, message=error.message, sqlstate=error.sqlstate)


def _untried(statement: ContractStatement, error: DatabaseError) -> str:
    """Why the session could not try the statement, and what to grant if that is a missing privilege of its own."""
    text = f"'{statement.name}': {error.message}"
    if not isinstance(error, PrivilegeMissing):
        return text
    if OF_ROW_SECURITY in error.message:
        return f"{text}; give the auditing role BYPASSRLS"
    tables = ", ".join(sorted(tables_of(statement.text)))
    return f"{text}; grant the auditing role SELECT on {tables} and USAGE on the schema"


def _error(session: Session, query: Query) -> DatabaseError | None:
    try:
        session.fetch(query, undo=UNDO)
    except PermanentError as error:
        return error
    return None


def _plan(statement: ContractStatement, role: str | None) -> Query:
    """Plans the statement as the role and leaves nothing prepared."""
    arguments = f"({', '.join(['NULL'] * statement.parameters)})" if statement.parameters else ""
    parts = [ROW_SECURITY, _as_role(role)] if role else []
    check = (
        [USE_SERVER_PATH, shipped.statement("introspection/prepared_domains"), USE_HOME_PATH]
        if statement.parameters
        else []
    )
    text = ";\n".join([*parts, _prepare(statement), *check, f"EXPLAIN EXECUTE {NAME}{arguments}", UNDO])
    return Query(text, at_home=True, tables=tables_of(statement.text), is_only_planned=True)


def _look(statement: ContractStatement) -> Query:
    """Succeeds if the session itself may read the statement's tables."""
    return Query("SELECT 1", tables=tables_of(statement.text))


def _prepare(statement: ContractStatement) -> str:
    return f"PREPARE {NAME} AS {statement.text}\n"


def _as_role(role: str) -> str:
    return f"SET LOCAL ROLE {_quoted(role)}"


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()


def _look_up_sequences(session: Session, contract: Contract, role: str) -> tuple[StatementFailure, ...] | str:
    try:
        [rows] = session.fetch(_sequence_query(session, contract, role))
    except PermanentError as error:
        return f"its sequences: {error.message}"
    return tuple(_refused(rows))


def _sequence_query(session: Session, contract: Contract, role: str) -> Query:
    targets = [
        {"statement": each.name, "schema": target.schema, "relation": target.table, "given": target.given}
        for each in contract.statements
        for target in each.inserts
    ]
    parameters = {"targets": json.dumps(targets), "home": session.home, "role": role}
    return Query(shipped.statement("introspection/sequence_access"), parameters)


def _refused(rows: Rows) -> Iterator[StatementFailure]:
    for name, column, sequence in rows:
        message = f"permission denied for sequence {sequence}, which column {column} draws its default from"
        yield StatementFailure(statement=name, message=message, sqlstate=INSUFFICIENT_PRIVILEGE)
