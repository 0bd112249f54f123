"""Servers that go silent: every wait ends, and a run waits for a silent server only once."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from fixtures.proxy import COMMIT, CuttingProxy, SilentProxy
from fixtures.servers import Server
from fixtures.waiting import until

from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import ConnectionFailed, ConnectionLost, DatabaseError, ServerSilent, StatementFailed
from pgfleet.fleet.secret import Dsn
from pgfleet.postgres import connection
from pgfleet.postgres.connection import Limits, answer_seconds
from pgfleet.postgres.query import Query
from pgfleet.postgres.scratch.database import PREFIX, scratch_database
from pgfleet.postgres.session import Session
from pgfleet.run import interruption
from pgfleet.run.silent_servers import PROBE_SECONDS, Patience, SilentServers

ONE = Query("SELECT 1")
LONGEST_SECONDS = 20.0
"""On a busy machine. Without a bound, these waits would take forever."""
MakeSilent = Callable[[int], SilentProxy]


@pytest.fixture(autouse=True)
def _short_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_MARGIN_SECONDS", 0.5)


@pytest.fixture
def interrupted() -> Iterator[None]:
    interruption.interrupt()
    yield
    interruption.reset()


def limits(silent_servers: SilentServers | None = None, *, cleans_up: bool = False) -> Limits:
    return Limits(
        connect_timeout_seconds=2, statement_timeout_ms=500, silent_servers=silent_servers, cleans_up=cleans_up
    )


@contextmanager
def soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < LONGEST_SECONDS


def behind(proxy: SilentProxy | CuttingProxy, server: Server) -> Dsn:
    return Dsn(server.cluster.dsn().replace(f":{server.cluster.port}/", f":{proxy.port}/"))


def use_up(session: Session) -> DatabaseError:
    """The error of the first query that gets no answer."""
    with pytest.raises(DatabaseError) as caught:
        for _ in range(1000):
            session.fetch(ONE)
    return caught.value


@pytest.mark.parametrize("allowed", [0, 50, 500])
def test_connecting_to_a_silent_server_ends(embedded_server: Server, silent_proxy: MakeSilent, allowed: int) -> None:
    dsn = behind(silent_proxy(allowed), embedded_server)
    with soon(), Session(dsn, limits=limits()) as session:
        assert use_up(session).connect_failure in {ConnectFailure.TIMED_OUT, ConnectFailure.NO_ANSWER}


def test_an_answer_that_stops_in_the_middle_loses_the_connection(
    embedded_server: Server, silent_proxy: MakeSilent
) -> None:
    with soon(), Session(behind(silent_proxy(5000), embedded_server), limits=limits()) as session:
        error = use_up(session)
        assert isinstance(error, ConnectionLost)
        assert "no answer: 127.0.0.1:" in str(error)
        assert "gave no answer for 1 s; check for a hung server" in str(error)
        assert not session.is_open


def test_a_server_process_that_is_stopped_loses_the_connection(embedded_server: Server) -> None:
    with soon(), Session(embedded_server.admin, limits=limits()) as session:
        [[(pid,)]] = session.fetch(Query("SELECT pg_catalog.pg_backend_pid()"))
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(ConnectionLost, match="gave no answer for 1 s"):
                session.run_script("CREATE TABLE never (id integer)")
        finally:
            os.kill(pid, signal.SIGCONT)
        assert session.fetch(ONE) == [[(1,)]], "on a new connection"


def test_a_commit_without_an_answer_is_a_lost_connection_and_is_done(
    embedded_server: Server, cutting_proxy: Callable[..., CuttingProxy]
) -> None:
    proxy = cutting_proxy(COMMIT, loses_answer=True, goes_silent=True)
    table = "committed_in_silence"
    with soon(), Session(behind(proxy, embedded_server), limits=limits()) as session:
        with pytest.raises(ConnectionLost, match="gave no answer"):
            session.run_script(f"CREATE TABLE {table} ()")
        assert session.fetch(Query(f"SELECT pg_catalog.to_regclass('public.{table}') IS NOT NULL")) == [[(True,)]]
        session.run_script(f"DROP TABLE {table}")


def test_the_server_has_the_time_to_report_its_own_timeout(embedded_server: Server) -> None:
    with Session(embedded_server.admin, limits=limits()) as session, pytest.raises(StatementFailed, match="timeout"):
        session.run_script("SELECT pg_catalog.pg_sleep(10)")


@pytest.mark.parametrize("is_outside", [False, True])
def test_a_script_that_sets_statement_timeout_is_waited_for_longer(embedded_server: Server, is_outside: bool) -> None:
    with Session(embedded_server.admin, limits=limits()) as session:
        run = session.run_outside_transaction if is_outside else session.run_script
        run("SET statement_timeout = '1min'; SELECT pg_catalog.pg_sleep(1.5)")
        assert session.script_answer_seconds == session.limits.answer_seconds, "only for that script"
    assert answer_seconds(0) == connection.LONGEST_ANSWER_SECONDS


def test_a_silent_server_is_tried_once_more_and_then_not_again(
    embedded_server: Server, silent_proxy: MakeSilent
) -> None:
    dsn, silent = behind(silent_proxy(5000), embedded_server), SilentServers()
    with soon(), Session(dsn, limits=limits(silent)) as session:
        first = use_up(session)
        assert silent.patience(session.server) is Patience.PROBE
        probe = use_up(session)
        assert silent.patience(session.server) is Patience.NONE
        began = time.monotonic()
        with pytest.raises(ServerSilent) as refused:
            session.fetch(ONE)
        assert time.monotonic() - began < 1
    assert first.transient
    assert probe.transient
    assert str(refused.value) == str(first)


def test_a_server_that_answers_the_probe_is_used(
    embedded_server: Server, cutting_proxy: Callable[..., CuttingProxy]
) -> None:
    silent = SilentServers()
    proxy = cutting_proxy(b"SELECT 1", goes_silent=True)
    with soon(), Session(behind(proxy, embedded_server), limits=limits(silent)) as session:
        with pytest.raises(ConnectionLost):
            session.fetch(ONE)
        assert session.fetch(ONE) == session.fetch(ONE) == [[(1,)]]
        assert session.query_answer_seconds <= PROBE_SECONDS


def test_an_interruption_ends_the_waits_of_every_thread(embedded_server: Server) -> None:
    ended: list[BaseException] = []

    def work() -> None:
        try:
            with Session(embedded_server.admin) as session:
                session.run_script("SELECT pg_catalog.pg_sleep(50)")
        except BaseException as error:  # noqa: BLE001 (judged below)
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(50)%' AND pid <> pg_backend_pid()"
    until(lambda: embedded_server.query(running) != [(0,)], pause_seconds=0.05)
    try:
        interruption.interrupt()
        with soon():
            thread.join(LONGEST_SECONDS)
    finally:
        interruption.reset()
    assert [type(each) for each in ended] == [KeyboardInterrupt]
    assert embedded_server.query(running) == [(0,)], "it is canceled on the server, too"


@pytest.mark.usefixtures("interrupted")
def test_after_an_interruption_only_sessions_that_clean_up_work(
    embedded_server: Server, silent_proxy: MakeSilent
) -> None:
    with pytest.raises(KeyboardInterrupt), Session(embedded_server.admin, limits=limits()) as session:
        session.fetch(ONE)
    with Session(embedded_server.admin, limits=limits(cleans_up=True)) as session:
        assert session.fetch(ONE) == [[(1,)]]
    with soon(), Session(behind(silent_proxy(5000), embedded_server), limits=Limits(cleans_up=True)) as session:
        assert "gave no answer for 2 s" in str(use_up(session)), "although statement_timeout is longer"


def test_a_scratch_database_is_dropped_after_an_interruption(embedded_server: Server) -> None:
    try:
        with pytest.raises(KeyboardInterrupt), scratch_database(embedded_server.admin, Limits()) as session:
            interruption.interrupt()
            session.fetch(ONE)
    finally:
        interruption.reset()
    assert embedded_server.query(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{PREFIX}')") == []


def test_all_of_psycopgs_waits_pass_through_the_bounded_one(embedded_server: Server) -> None:
    """COPY and pipelines too, though pgfleet uses neither."""
    with Session(embedded_server.admin) as session:
        opened = session.open()
        opened.answer_seconds = 0.5
        with pytest.raises(psycopg.OperationalError, match="no answer for"), opened.cursor() as cursor:  # noqa: SIM117
            with cursor.copy("COPY (SELECT pg_catalog.pg_sleep(20)) TO STDOUT") as copy:
                list(copy)
        assert opened.closed
    with pytest.raises(ConnectionFailed, match="nothing listens"), Session(Dsn("host=127.0.0.1 port=1")) as session:
        session.fetch(ONE)
