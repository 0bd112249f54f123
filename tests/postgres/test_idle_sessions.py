"""A server that ends sessions after a moment without a statement (`idle_session_timeout`)."""

from collections.abc import Callable
from dataclasses import replace
from time import sleep

import pytest
from fixtures.pooler import PooledServer
from fixtures.rollout import Subject, retrying
from fixtures.servers import Server

from pgfleet.documents.audit import Verdict
from pgfleet.documents.rollout import Result
from pgfleet.errors import ConnectionLost
from pgfleet.fleet.secret import Dsn
from pgfleet.postgres.lazy_connection import startup_options
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.session import Session

pytestmark = pytest.mark.every_version

SCRIPTS = {
    "1_one.sql": "CREATE TABLE IF NOT EXISTS one (id int);",
    "2_index.sql": "CREATE INDEX CONCURRENTLY IF NOT EXISTS one_id ON one (id);",
    "3_two.sql": "CREATE TABLE IF NOT EXISTS two (id int);",
}
ENDED = ConnectionLost("terminating connection due to idle-session timeout", "57P05")
SETTINGS = Query("SELECT current_setting('idle_session_timeout'), current_setting('work_mem')")


def end_idle_sessions(server: Server, database: str, after: str) -> None:
    server.execute(f"ALTER DATABASE {database} SET idle_session_timeout = '{after}'")


def test_a_rollout_and_an_audit_succeed_although_idle_sessions_are_ended_at_once(small: Callable[..., Subject]) -> None:
    subject = small(SCRIPTS, v2="transactional = false")
    plan = subject.plan()
    end_idle_sessions(subject.server, subject.database, "1ms")
    assert subject.roll_out(plan).result is Result.DONE
    context = subject.context
    assert audit(context.environment.tenants[0], context, retrying).verdict is Verdict.READY


def test_a_session_that_was_ended_begins_again_without_a_limit_also_after_a_script(
    server: Server, empty_database: str
) -> None:
    end_idle_sessions(server, empty_database, "500ms")
    dsn = Dsn(f"{server.dsn(empty_database).text}?options=-cwork_mem%3D4321kB")
    with Session(dsn) as session:
        assert session.fetch(SETTINGS) == [[("500ms", "4321kB")]]
        sleep(0.8)
        with pytest.raises(ConnectionLost, match="idle-session timeout"):
            session.fetch(SETTINGS)
        assert session.fetch(SETTINGS) == [[("0", "4321kB")]]
        session.run_script("SET idle_session_timeout = '500ms'")
        sleep(0.8)
        assert session.fetch(SETTINGS) == [[("0", "4321kB")]]
    with Session(dsn) as session:
        assert session.fetch(SETTINGS) == [[("0", "4321kB")]]


def test_a_pooler_that_rejects_the_options_is_connected_to_without_them(
    pooled: PooledServer, empty_database: str
) -> None:
    dsn = replace(pooled.dsn(empty_database), pooler=None)
    with Session(dsn) as session:
        session.record_silence(ENDED)
        assert startup_options[dsn.text] == "-c idle_session_timeout=0"
        assert session.fetch(Query("SELECT 1")) == [[(1,)]]
    assert dsn.text not in startup_options
