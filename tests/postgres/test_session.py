"""Sessions: connecting, errors, reconnecting, settings, and round trips."""

import pickle
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from fixtures.servers import POLICY, ROLE_PASSWORD, Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import Verdict
from pgfleet.errors import (
    AccessRefused,
    ConnectionFailed,
    ConnectionLost,
    DatabaseError,
    PrivilegeMissing,
    StatementFailed,
    TryAgain,
)
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Check, Manifest
from pgfleet.postgres.apply.ledger import prepare_ledger
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.audit import Runner, audit, directly
from pgfleet.postgres.read.audit_steps import count
from pgfleet.postgres.read.inspection import inspect
from pgfleet.postgres.read.prefetch import prefetch
from pgfleet.postgres.read.queries import run_checks
from pgfleet.postgres.read.servers import identify
from pgfleet.postgres.session import Session
from pgfleet.postgres.tenant_session import open_session

ENDLESS = "SELECT count(*) FROM generate_series(1, 1000000000000)"


@pytest.fixture(scope="module")
def shared(server: Server) -> Iterator[str]:
    """A database that these tests do not spoil for one another."""
    name = server.create_database()
    server.execute("CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (2)", name)
    yield name
    server.drop_database(name)


@pytest.fixture
def session(server: Server, shared: str) -> Iterator[Session]:
    with server.session(shared) as session:
        yield session


def value(session: Session, text: str) -> object:
    [[(found,)]] = session.fetch(Query(text, at_home=True))
    return found


def error_of(session: Session) -> DatabaseError:
    """The error that its first use meets."""
    with session, pytest.raises(DatabaseError) as caught:
        session.fetch(Query("SELECT 1", at_home=True))
    return caught.value


# No session is had


def refused(server: Server, shared: str, how: str) -> Dsn:
    """A connection string that the server answers with a refusal."""
    role = server.create_role()
    done = {
        "not permitted to log in": f"ALTER ROLE {role} NOLOGIN",
        "no right on the database": f"REVOKE CONNECT ON DATABASE {shared} FROM PUBLIC",
    }
    if how in done:
        server.execute(done[how])
    asked = {
        "wrong password": server.cluster.dsn(shared, role, password="wrong"),
        "no password": f"postgresql://{role}@127.0.0.1:{server.cluster.port}/{shared}?passfile=/dev/null",
        "no such role": server.cluster.dsn(shared, "nobody_by_this_name", password="x"),
        "no such database": server.dsn("nothing_by_this_name", role).text,
        "no TLS": server.dsn(shared, role).text + "?sslmode=require",
        "database closed": server.dsn("template0", role).text,
    }
    return Dsn(asked.get(how, server.dsn(shared, role).text))


@pytest.mark.parametrize(
    ("how", "because", "said"),
    [
        ("wrong password", ConnectFailure.WRONG_PASSWORD, "password authentication failed"),
        ("no password", ConnectFailure.NO_PASSWORD, "requires a password, and none was given"),
        # PostgreSQL does not give away who exists
        ("no such role", ConnectFailure.WRONG_PASSWORD, "password authentication failed"),
        ("no such database", ConnectFailure.NO_SUCH_DATABASE, 'database "nothing_by_this_name" does not exist'),
        ("not permitted to log in", ConnectFailure.NOT_ALLOWED, "is not permitted to log in"),
        ("no right on the database", ConnectFailure.NOT_ALLOWED, "permission denied for database"),
        ("no TLS", ConnectFailure.NO_TLS, "does not support TLS, and the DSN requires it"),
        ("database closed", ConnectFailure.NOT_ALLOWED, "is not currently accepting connections"),
    ],
)
def test_a_rejected_connection_is_a_permanent_error(
    server: Server, shared: str, how: str, because: ConnectFailure, said: str
) -> None:
    error = error_of(Session(refused(server, shared, how)))
    server.execute(f"GRANT CONNECT ON DATABASE {shared} TO PUBLIC")
    assert (type(error), error.connect_failure) == (AccessRefused, because)
    assert said in str(error)
    assert not error.transient


def test_a_closed_port_is_a_transient_error() -> None:
    error = error_of(Session(Dsn("postgresql://postgres:secret@127.0.0.1:1/postgres")))
    assert (type(error), error.transient, error.connect_failure) == (ConnectionFailed, True, ConnectFailure.REFUSED)
    assert (
        str(error)
        == "refused: nothing listens on 127.0.0.1:1; check that the server is running and that the port is correct"
    )


def test_a_missing_socket_is_a_transient_error() -> None:
    error = error_of(Session(Dsn("host=/nowhere/at/all user=postgres dbname=postgres")))
    assert (type(error), error.transient, error.connect_failure) == (ConnectionFailed, True, ConnectFailure.REFUSED)


def test_an_unknown_host_is_an_error() -> None:
    error = error_of(Session(Dsn("host=nobody.invalid user=postgres dbname=postgres")))
    assert (type(error), error.transient, error.connect_failure) == (
        ConnectionFailed,
        True,
        ConnectFailure.NAME_NOT_RESOLVED,
    )


def test_a_server_that_does_not_speak_postgresql_is_an_error() -> None:
    """It hangs up, as a load balancer does that has no server behind it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        dsn = Dsn(f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}/postgres?sslmode=disable")
        assert error_of(Session(dsn)).connect_failure is ConnectFailure.NO_POSTGRESQL


def hang_up(listener: socket.socket) -> None:
    client, _ = listener.accept()
    client.close()


def test_one_of_two_hosts_is_enough(server: Server, shared: str) -> None:
    dsn = server.cluster.dsn(shared).replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:")
    assert value(Session(Dsn(dsn)), "SELECT 1") == 1
    wrong = server.cluster.dsn(shared, password="wrong").replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:")
    assert error_of(Session(Dsn(wrong))).connect_failure is ConnectFailure.WRONG_PASSWORD


def test_silent_servers_time_out() -> None:
    """Each host has `connect_timeout`."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        ports = [each.getsockname()[1] for each in (listener, other)]
        began = time.monotonic()
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        error = error_of(
            Session(Dsn(f"postgresql://postgres@{hosts}/postgres"), limits=Limits(connect_timeout_seconds=2))
        )
        took_seconds = time.monotonic() - began
    assert (type(error), error.transient, error.connect_failure) == (ConnectionFailed, True, ConnectFailure.TIMED_OUT)
    assert "did not answer within 2 s; " in str(error)
    assert 4 <= took_seconds < 30


def test_a_timeout_counts_as_the_servers_after_a_second_tenant(
    server: Server, database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    """Behind a pooler each database may have a server of its own."""
    ready = server.tenant(database)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = replace(ready, dsn=Dsn(f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}/postgres"))
        policy = replace(POLICY, connect_timeout_seconds=2)
        context = server.context(shipped_manifest, expected, ready, policy=policy)
        found = identify([silent, ready], context)
        assert found is not None
        assert (found.tenant, found.can_replay) == (database, True)
        with pytest.raises(ConnectionFailed, match=r"^timed out: "):
            identify([silent], context)


@pytest.mark.parametrize("of_what", ["role", "database"])
def test_an_exhausted_connection_limit_is_an_error(server: Server, shared: str, of_what: str) -> None:
    role = server.create_role()
    database = server.create_database() if of_what == "database" else shared
    server.execute(f"ALTER {of_what} {role if of_what == 'role' else database} CONNECTION LIMIT 1")
    with psycopg.connect(server.dsn(database, role).text):
        error = error_of(Session(server.dsn(database, role)))
    assert (error.transient, error.connect_failure) == (True, f"too_many_connections_of_{of_what}")


# A statement fails


def test_an_undefined_table_is_a_permanent_error(session: Session) -> None:
    with pytest.raises(StatementFailed) as caught:
        session.fetch(Query("SELECT * FROM nothing_by_this_name", at_home=True))
    assert str(caught.value) == 'relation "nothing_by_this_name" does not exist (SQLSTATE 42P01)'
    assert (caught.value.sqlstate, caught.value.transient) == ("42P01", False)


def test_an_error_includes_the_servers_hint(session: Session) -> None:
    with pytest.raises(StatementFailed, match=r"\(hint: No function matches"):
        session.fetch(Query("SELECT nothing_by_this_name()", at_home=True))


def test_a_missing_privilege_is_an_error(server: Server, shared: str) -> None:
    with Session(server.dsn(shared, server.create_role())) as session, pytest.raises(PrivilegeMissing) as caught:
        session.fetch(Query("SELECT * FROM t", at_home=True))
    assert (caught.value.sqlstate, caught.value.transient) == ("42501", False)
    assert "permission denied for table t" in str(caught.value)


def test_a_lock_timeout_is_a_transient_error(server: Server, shared: str) -> None:
    limits = Limits(lock_timeout_ms=50)
    with psycopg.connect(server.cluster.dsn(shared)) as other, Session(server.dsn(shared), limits=limits) as session:
        other.execute("LOCK TABLE t")
        pid = other.info.backend_pid
        with pytest.raises(TryAgain) as caught:
            session.fetch(Query("SELECT * FROM t", at_home=True))
        other.rollback()
        assert session.fetch(Query("SELECT a FROM t ORDER BY a", at_home=True)) == [[(1,), (2,)]]
    assert (caught.value.sqlstate, caught.value.transient) == ("55P03", True)
    assert f"held by no name, process {pid} of role postgres, its query began at 2" in str(caught.value)


@pytest.mark.parametrize("is_outside", [False, True])
def test_a_script_that_waits_for_a_lock_names_its_holder(server: Server, shared: str, is_outside: bool) -> None:
    dsn, limits = server.cluster.dsn(shared), Limits(lock_timeout_ms=50)
    with psycopg.connect(dsn, application_name="nightly job") as other:
        other.execute("LOCK TABLE t")
        pid = other.info.backend_pid
        with Session(server.dsn(shared), limits=limits) as session, pytest.raises(TryAgain) as caught:
            run = session.run_outside_transaction if is_outside else session.run_script
            run("CREATE INDEX i ON t (a)")
        other.rollback()
    assert f"the lock is held by nightly job, process {pid} of role postgres" in str(caught.value)


@pytest.mark.parametrize("place", [0, 1])
def test_a_statement_timeout_is_a_permanent_error(server: Server, shared: str, place: int) -> None:
    """Whichever of a batch it is."""
    queries = [Query("SELECT 1", at_home=True), Query("SELECT 2", at_home=True)]
    queries[place] = Query(ENDLESS, at_home=True)
    with Session(server.dsn(shared), limits=Limits(statement_timeout_ms=100)) as session:
        with pytest.raises(StatementFailed) as caught:
            session.fetch(*queries)
        assert session.fetch(Query("SELECT 1", at_home=True)) == [[(1,)]]
    assert (caught.value.sqlstate, caught.value.transient) == ("57014", False)


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("40001", TryAgain),
        ("40P01", TryAgain),
        ("53300", ConnectionFailed),
        ("55P03", TryAgain),
        ("57P01", ConnectionLost),
        ("57P02", ConnectionLost),
        ("57P03", ConnectionFailed),
        ("57P04", AccessRefused),
        ("08006", ConnectionLost),
        ("28P01", AccessRefused),
        ("3D000", AccessRefused),
        ("42501", PrivilegeMissing),
        ("42P01", StatementFailed),
        ("22012", StatementFailed),
        ("57014", StatementFailed),
        ("55006", StatementFailed),
        ("XX000", StatementFailed),
        ("P0001", StatementFailed),
    ],
)
def test_every_sqlstate_maps_to_its_error(session: Session, sqlstate: str, kind: type[DatabaseError]) -> None:
    with pytest.raises(DatabaseError) as caught:
        session.write(Query(f"DO $$ BEGIN RAISE 'so' USING ERRCODE = '{sqlstate}'; END $$", at_home=True))
    assert (type(caught.value), caught.value.message, caught.value.sqlstate) == (kind, "so", sqlstate)
    assert value(session, "SELECT 1") == 1


def test_errors_survive_pickling(session: Session) -> None:
    with pytest.raises(StatementFailed) as caught:
        session.fetch(Query("SELECT 1/0", at_home=True))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.sqlstate) == (StatementFailed, str(caught.value), "22012")


def test_a_session_is_left_idle_after_an_error(server: Server, session: Session) -> None:
    pid = value(session, "SELECT pg_backend_pid()")
    with pytest.raises(StatementFailed):
        session.fetch(Query("SELECT 1/0", at_home=True))
    with psycopg.connect(server.cluster.dsn()) as other:
        states = other.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", [pid]).fetchall()
    assert states == [("idle",)]


# Secrets


@pytest.mark.parametrize("text", [ROLE_PASSWORD, quote(ROLE_PASSWORD, safe="")])
def test_no_secret_in_an_error_of_a_statement(server: Server, shared: str, text: str) -> None:
    """As the server would quote it; the second is how the fleet file's `${VAR}` may hold it."""
    dsn = server.dsn(shared, server.create_role())
    with Session(Dsn(dsn.text, (quote(ROLE_PASSWORD, safe=""),))) as session, pytest.raises(DatabaseError) as caught:
        session.fetch(Query("SELECT %(text)s::integer", {"text": text}, at_home=True))
    assert 'invalid input syntax for type integer: "***"' in str(caught.value)
    assert text not in repr(caught.value) + repr(caught.value.__cause__) + repr(session.dsn)


def test_no_secret_in_an_error_of_a_connection(server: Server, shared: str) -> None:
    """The role's name is the password, as sometimes happens; the server quotes it."""
    name = "hunter2"
    error = error_of(Session(Dsn(server.cluster.dsn(shared, name, password=name))))
    assert type(error) is AccessRefused
    assert name not in str(error) + repr(error)


# A session is lost


def terminate(server: Server, session: Session) -> None:
    pid = value(session, "SELECT pg_backend_pid()")
    with psycopg.connect(server.cluster.dsn(), autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid]).fetchone() == (True,)


def test_a_terminated_session_reconnects(server: Server, session: Session) -> None:
    before = value(session, "SELECT pg_backend_pid()")
    terminate(server, session)
    with pytest.raises(ConnectionLost) as caught:
        session.fetch(Query("SELECT 1", at_home=True))
    assert caught.value.transient
    assert value(session, "SELECT pg_backend_pid()") != before


def test_a_terminated_session_reconnects_for_a_script(server: Server, session: Session) -> None:
    terminate(server, session)
    with pytest.raises(ConnectionLost):
        session.run_outside_transaction("SELECT 1")
    session.run_outside_transaction("SELECT 1")


def test_a_closed_session_reconnects(session: Session) -> None:
    before = value(session, "SELECT pg_backend_pid()")
    session.close()
    session.close()
    assert value(session, "SELECT pg_backend_pid()") != before


def test_an_unused_session_never_connects() -> None:
    with Session(Dsn("postgresql://postgres@127.0.0.1:1/postgres")):
        pass


# How it is used


def test_the_server_shows_the_application_name(server: Server, shared: str) -> None:
    with Session(server.dsn(shared), limits=Limits(application_name="pgfleet audit prod")) as session:
        assert value(session, "SHOW application_name") == "pgfleet audit prod"
        assert session.server_major == server.major
        assert re.fullmatch(rf"{server.major}\.\d+", session.server_version)


def test_results_are_separate_and_in_order(session: Session) -> None:
    queries = ["SELECT a FROM t ORDER BY a", "SELECT 1 WHERE false", "SELECT 'x', NULL, true"]
    assert session.fetch(*(Query(each, at_home=True) for each in queries)) == [[(1,), (2,)], [], [("x", None, True)]]


def test_all_queries_of_a_fetch_see_the_same_snapshot(session: Session) -> None:
    text = "SELECT pg_current_snapshot()::text, current_setting('transaction_isolation')"
    first, second = session.fetch(Query(text), Query(text))
    assert first == second
    assert first[0][1] == "repeatable read"


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO t VALUES (3)",
        "WITH added AS (INSERT INTO t VALUES (3) RETURNING a) SELECT a FROM added",
        "SELECT nextval('s')",
        "CREATE TABLE u (a integer)",
    ],
)
def test_a_fetch_is_read_only(session: Session, text: str) -> None:
    session.write(Query("CREATE SEQUENCE IF NOT EXISTS s", at_home=True))
    with pytest.raises(StatementFailed, match="in a read-only transaction") as caught:
        session.fetch(Query(text, at_home=True))
    assert caught.value.sqlstate == "25006"
    assert value(session, "SELECT count(*) FROM t") == 2


def test_a_check_cannot_write(session: Session) -> None:
    query = "WITH added AS (INSERT INTO t VALUES (3) RETURNING a) SELECT a FROM added"
    [answer] = run_checks(session, [Check(name="sly", query=query, returns=((3,),))])
    assert answer.rows == ()
    assert answer.fault is not None
    assert "read-only" in answer.fault
    assert value(session, "SELECT count(*) FROM t") == 2


@pytest.mark.parametrize("home", ["acme", 'Odd "Home.x, y', "SELECT", "Grüße"])
def test_the_search_path_is_only_the_home_schema(server: Server, shared: str, home: str) -> None:
    quoted = home.replace('"', '""')
    server.execute(f'CREATE SCHEMA "{quoted}"; CREATE TABLE "{quoted}".here ()', shared)
    server.execute(f"ALTER DATABASE {shared} SET search_path = pg_catalog")
    with server.session(shared, home) as session:
        assert session.fetch(Query("SELECT current_schema(), to_regclass('here') IS NOT NULL", at_home=True)) == [
            [(home, True)]
        ]
        assert value(session, "SELECT array_length(current_schemas(false), 1)") == 1
        session.run_script("CREATE TABLE by_script ()")
        session.run_outside_transaction("CREATE TABLE alone ()")
        found = value(session, f"SELECT count(*) FROM pg_class WHERE relnamespace = '\"{quoted}\"'::regnamespace")
    server.execute(f"ALTER DATABASE {shared} RESET search_path")
    assert found == 3


def test_the_default_home_is_public(session: Session) -> None:
    assert value(session, "SELECT current_schema()") == "public"


@pytest.mark.parametrize("how", [Session.fetch, Session.write, Session.run_outside_transaction])
def test_settings_end_with_their_transaction(session: Session, how: Callable[..., object]) -> None:
    """Through a pooler in transaction mode the next transaction may be somebody else's."""
    session.home = "elsewhere"
    how(session, "SELECT 1" if how == Session.run_outside_transaction else Query("SELECT 1", at_home=True))
    with session.open().cursor() as cursor:
        left = cursor.execute("SELECT name FROM pg_settings WHERE source = 'session'")
        # PgBouncer manual, track_extra_parameters
        tracked = ("application_name", "client_encoding", "standard_conforming_strings", "DateStyle", "IntervalStyle")
        assert {name for (name,) in left.fetchall()} <= {*tracked}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query("SELECT 'a%b' LIKE 'a%%', 7 % 4, '%s', '%(x)s'", at_home=True), (True, 3, "%s", "%(x)s")),
        (
            Query("SELECT 7 %% %(x)s, '100%%', %(y)s", {"x": 4, "y": "50% of %(x)s"}, at_home=True),
            (3, "100%", "50% of %(x)s"),
        ),
        (Query("SELECT %(x)s", {"x": 'it\'s; \\ "quoted" -- so'}, at_home=True), ('it\'s; \\ "quoted" -- so',)),
        (Query("SELECT 1 -- the one", at_home=True), (1,)),
        (Query("SELECT 1; -- the one\n", at_home=True), (1,)),
        (Query("SELECT 1;", at_home=True), (1,)),
        (Query("-- the one\nSELECT /* ; */ 1 ;\n;", at_home=True), (1,)),
    ],
)
def test_texts_with_special_characters_are_sent_unchanged(
    session: Session, query: Query, found: tuple[object, ...]
) -> None:
    assert session.fetch(Query("SELECT 0", at_home=True), query, Query("SELECT 2", at_home=True)) == [
        [(0,)],
        [found],
        [(2,)],
    ]


def test_jit_is_off(server: Server, session: Session, shared: str) -> None:
    server.execute(f"ALTER DATABASE {shared} SET jit = on")
    session.close()
    found = value(session, "SHOW jit")
    server.execute(f"ALTER DATABASE {shared} RESET jit")
    assert found == "off"


def test_a_script_that_fails_leaves_nothing(session: Session) -> None:
    with pytest.raises(StatementFailed):
        session.run_script("CREATE TABLE half (a integer); INSERT INTO half VALUES (7 % 4); SELECT 1/0")
    assert value(session, "SELECT to_regclass('half') IS NULL") is True


def test_a_write_is_all_or_nothing(session: Session) -> None:
    insert = Query("INSERT INTO t VALUES (%(a)s)", {"a": 3}, at_home=True)
    with pytest.raises(StatementFailed):
        session.write(insert, Query("SELECT 1/0", at_home=True))
    assert value(session, "SELECT count(*) FROM t") == 2
    session.write(insert, Query("DELETE FROM t WHERE a = 3", at_home=True))
    assert value(session, "SELECT count(*) FROM t") == 2


def test_run_outside_transaction_uses_no_transaction(session: Session) -> None:
    session.run_outside_transaction("CREATE INDEX CONCURRENTLY by_a ON t (a)")
    session.run_outside_transaction("DROP INDEX CONCURRENTLY by_a")
    with pytest.raises(StatementFailed, match="cannot run inside a transaction block"):
        session.run_script("CREATE INDEX CONCURRENTLY by_a ON t (a)")


# What an audit costs


def statements(server: Server, begin: int) -> list[str]:
    """The process ids of the sessions whose statements the server has logged since, one for each that it was sent."""
    with server.cluster.log.open("rb") as log:
        log.seek(begin)
        return re.findall(r"\[(\d+)\] LOG:  statement: ", log.read().decode(errors="replace"))


def without_prefetch(step: Callable[..., Any], *arguments: object) -> Any:
    """Runs a step of an audit; the inspection sends its own queries only."""
    return step(*arguments[:2]) if step is inspect else step(*arguments)


@pytest.mark.parametrize("run", [directly, without_prefetch])
@pytest.mark.parametrize("has_ledger", [False, True])
def test_an_audit_takes_one_connection_and_one_round_trip_in_all_or_one_for_each_step(
    server: Server,
    database: str,
    shipped_manifest: Manifest,
    expected: ExpectedCatalog,
    has_ledger: bool,
    run: Runner,
) -> None:
    """A ledger takes one more. Without prefetching, so does each migration's checks, each seed, and each count."""
    if has_ledger:
        with server.session(database) as session:
            prepare_ledger(session)
    tenant = server.tenant(database)
    server.execute(f"ALTER DATABASE {database} SET log_statement = 'all'")
    begin = server.cluster.log.stat().st_size
    entry = audit(tenant, server.context(shipped_manifest, expected, tenant), run)
    sent = statements(server, begin)
    manifest = shipped_manifest
    by_step = len(manifest.migrations) + len(manifest.seeds) + len(manifest.counts)
    assert entry.verdict is Verdict.READY
    assert len(set(sent)) == 1
    assert len(sent) == 1 + has_ledger + (0 if run is directly else by_step)


@pytest.mark.parametrize("damage", ["SELECT", "DROP TABLE ai_messages", "DROP SCHEMA ai_guardrails CASCADE"])
def test_an_audit_finds_the_same_with_and_without_prefetching(
    server: Server, database: str, shipped_manifest: Manifest, expected: ExpectedCatalog, damage: str
) -> None:
    server.execute(damage, database)
    tenant = server.tenant(database)
    context = server.context(shipped_manifest, expected, tenant)
    assert audit(tenant, context) == audit(tenant, context, without_prefetch)


def test_queries_of_a_missing_table_are_not_prefetched(
    server: Server, database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    server.execute("DROP TABLE ai_messages", database)
    tenant = server.tenant(database)
    context = server.context(shipped_manifest, expected, tenant)
    with open_session(tenant, context) as session:
        assert prefetch(session, context) is None
        inspection = inspect(session, context, with_prefetch=True)
        assert inspection.missing == {'"ai_messages"', '"public"."ai_messages"'}
        assert {name for name, each in inspection.prefetched.counts.items() if each.rows is None} == {"ai_messages"}
        assert {*inspection.prefetched.seeds} == {each.name for each in shipped_manifest.seeds}
        assert count(session, context, "ai_messages", inspection).rows is None


@pytest.mark.parametrize("replacement", ["SELECT 2", None])
def test_a_prepared_query_that_was_replaced_is_not_run(session: Session, replacement: str | None) -> None:
    """A trigger of the tenant's that a script fires could forge with it what pgfleet reads."""
    query, prepared = Query("SELECT 1", is_repeated=True), Query("SELECT name FROM pg_catalog.pg_prepared_statement()")
    session.keep_tenant_lock()
    for _ in range(2):
        assert session.fetch(query) == [[(1,)]]
    [[(name,)]] = session.fetch(prepared)
    session.execute(f"DEALLOCATE {name}")
    if replacement:
        session.execute(f"PREPARE {name} AS {replacement}")
    with session.transaction():
        assert session.fetch(query) == [[(1,)]]


def test_a_transaction_timeout_of_the_database_does_not_end_a_migration(server: Server, empty_database: str) -> None:
    if server.query("SELECT 1 FROM pg_settings WHERE name = 'transaction_timeout'"):  # since PostgreSQL 17
        server.execute(f"ALTER DATABASE {empty_database} SET transaction_timeout = '300ms'")
    with server.session(empty_database) as session:
        session.run_script("CREATE TABLE slow AS SELECT 1 AS one FROM pg_catalog.pg_sleep(0.5)")
