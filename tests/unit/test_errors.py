"""Errors survive pickling, and say whether a retry can succeed."""

import inspect
import pickle

import pytest

from pgfleet import errors
from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import (
    AccessRefused,
    BehindPooler,
    CannotDryRun,
    ChecksFailed,
    ConfigurationError,
    ConnectionFailed,
    ConnectionLimitTimeout,
    ConnectionLost,
    DatabaseError,
    FleetError,
    GuardTripped,
    InventoryUnreadable,
    LedgerUnusable,
    ManifestError,
    NoExpectedCatalog,
    NotProven,
    PermanentError,
    PgfleetError,
    Place,
    PlanOutdated,
    PrivilegeMissing,
    Rejected,
    ReplayFailed,
    RevertNotProven,
    ScratchUnavailable,
    ScriptFaulty,
    ServerSilent,
    ServiceFailed,
    StatementFailed,
    TenantGone,
    TransactionInterrupted,
    TryAgain,
)

EXAMPLES = (
    PgfleetError("it cannot be done"),
    ConfigurationError("file", "key", "problem"),
    ManifestError("manifest.toml", "migrations[0].file", "is not there"),
    FleetError("fleet.toml", "", "is not TOML"),
    DatabaseError("division by zero", "22012"),
    PermanentError("division by zero", "22012"),
    ConnectionFailed("no answer"),
    ConnectionLimitTimeout("connection limit of db1:5432 reached (8)"),
    ServerSilent("no answer: db1:5432 gave no answer for 65 s", "", None, ConnectFailure.NO_ANSWER),
    ConnectionLost("server closed the connection", "08006"),
    TryAgain("lock timeout", "55P03"),
    AccessRefused("wrong password: db1:5432 says no", "", None, ConnectFailure.WRONG_PASSWORD),
    PrivilegeMissing("permission denied for table one", "42501"),
    StatementFailed("syntax error", "42601", Place("1_one.sql", 3, 5)),
    InventoryUnreadable("fleet.toml: environments.prod.inventory", "db1:5432", "no answer"),
    TenantGone("it is in no inventory any more"),
    NoExpectedCatalog("no server answered"),
    ScratchUnavailable("db1:5432", "permission denied to create database"),
    ReplayFailed("1_one.sql", "16.4", "no such extension"),
    ScriptFaulty("1_one.sql", "16.4", "syntax error"),
    Rejected("it left something"),
    NotProven("it is drifted afterwards", ("difference",)),
    GuardTripped("one is gone"),
    ChecksFailed("after the script ran, check 'rows' fails: missing: 2"),
    PlanOutdated("it is drifted now"),
    LedgerUnusable("it is of format 2"),
    RevertNotProven("its down script leaves behind table public.posts"),
    BehindPooler("1_one.sql runs outside a transaction"),
    CannotDryRun("it runs outside a transaction"),
    TransactionInterrupted("lock timeout"),
    ServiceFailed("agent: exited with 1"),
)
CLASSES = {each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, PgfleetError)}


def test_the_examples_are_of_every_class() -> None:
    assert {type(each) for each in EXAMPLES} == CLASSES


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda each: type(each).__name__)
def test_an_error_survives_pickling(error: PgfleetError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert (arrived.args, vars(arrived)) == (error.args, vars(error))


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda each: type(each).__name__)
def test_the_text_of_an_error_is_one_line(error: PgfleetError) -> None:
    assert len(str(error).splitlines()) == 1


def test_only_what_can_succeed_later_is_transient() -> None:
    transient = {ConnectionFailed, ConnectionLimitTimeout, ServerSilent, ConnectionLost, TryAgain, ServiceFailed}
    assert {each for each in CLASSES if each.transient} == transient


@pytest.mark.parametrize("error", sorted(CLASSES, key=lambda each: each.__name__), ids=lambda each: each.__name__)
def test_the_docstrings_tree_names_every_class(error: type[PgfleetError]) -> None:
    tree = (errors.__doc__ or "").splitlines()
    assert [line for line in tree if error.__name__ in line.replace("─", " ").split()]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ManifestError("m.toml", "migrations[0].file", "is not there"), "m.toml: migrations[0].file: is not there"),
        (FleetError("f.toml", "", "is not TOML"), "f.toml: is not TOML"),
        (DatabaseError("division by zero", "22012"), "division by zero (SQLSTATE 22012)"),
        (ConnectionFailed("no answer"), "no answer"),
        (
            ConnectionFailed("refused: nothing listens on db1:5432", "", None, ConnectFailure.REFUSED),
            "refused: nothing listens on db1:5432; check that the server is running and that the port is correct",
        ),
        (
            BehindPooler("1_one.sql runs outside a transaction"),
            (
                "1_one.sql runs outside a transaction, so it needs a session of its own, "
                "which a pooler in transaction mode does not provide"
            ),
        ),
        (
            StatementFailed("syntax error", "42601", Place("1_one.sql", 3, 5)),
            "1_one.sql, line 3 column 5: syntax error (SQLSTATE 42601)",
        ),
        (
            InventoryUnreadable("fleet.toml: environments.prod.inventory", "db1:5432", "no answer"),
            (
                "fleet.toml: environments.prod.inventory: could not be read from db1:5432: no answer; "
                "the tenants are unknown"
            ),
        ),
        (
            ScratchUnavailable("db1:5432", "permission denied to create database"),
            (
                "no scratch database on db1:5432: permission denied to create database; grant the role CREATEDB, "
                "or set the environment's scratch_dsn to a server of the same major version"
            ),
        ),
        (
            ReplayFailed("1_one.sql", "16.4", "syntax error"),
            "1_one.sql fails in an empty database on PostgreSQL 16.4: syntax error; correct it",
        ),
    ],
    ids=[
        "file and key",
        "file alone",
        "SQLSTATE",
        "no SQLSTATE",
        "no session",
        "pooler",
        "a place",
        "inventory",
        "scratch",
        "replay",
    ],
)
def test_the_text_of_an_error(error: PgfleetError, line: str) -> None:
    assert str(error) == line


def test_further_faults_are_lines_of_their_own() -> None:
    error = ManifestError("m.toml", "a", "is wrong", ("b", "is wrong\ntoo"), ("", "is empty"))
    assert str(error) == "m.toml: a: is wrong\nm.toml: b: is wrong too\nm.toml: is empty"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
