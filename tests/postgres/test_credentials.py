"""Passwords from libpq's password and service files work and are never shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.servers import Server

from pgfleet.errors import AccessRefused, ConnectionFailed, DatabaseError, StatementFailed
from pgfleet.fleet.secret import Dsn
from pgfleet.fleet.templates import substitute
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.run.variables import References

PASSWORD = "f1led p@ss\\word:with 'odd' %signs"
LIMITS = Limits(connect_timeout_seconds=5)


@pytest.fixture(scope="module")
def keeper(server: Server) -> Iterator[str]:
    """A role whose password is needed."""
    escaped = PASSWORD.replace("'", "''")
    server.execute(f"CREATE ROLE filed SUPERUSER LOGIN PASSWORD '{escaped}'")
    yield "filed"
    server.execute("DROP ROLE filed")


def passfile(folder: Path, password: str, mode: int = 0o600) -> Path:
    """Its lines are host:port:database:user:password (PostgreSQL manual, 34.16 The Password File)."""
    file = folder / "pgpass"
    file.touch(mode=mode)
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    file.write_text(f"*:*:*:filed:{escaped}\n", encoding="utf-8")
    return file


def servicefile(folder: Path, server: Server, password: str) -> Path:
    """A section a service (PostgreSQL manual, 34.17 The Connection Service File)."""
    file = folder / "pg_service.conf"
    where = f"host=127.0.0.1\nport={server.cluster.port}\nuser=filed\ndbname=postgres"
    file.write_text(f"[fleet]\n{where}\npassword={password}\n", encoding="utf-8")
    return file


def who(dsn: Dsn) -> list[tuple[str, str]]:
    with Session(dsn, limits=LIMITS) as session:
        [rows] = session.fetch(Query("SELECT current_user::text, current_database()::text"))
        return rows  # type: ignore[return-value]


def leak(dsn: Dsn) -> str:
    """What is said of an error that holds the password, as a function of the tenant's own may raise it."""
    with Session(dsn, limits=LIMITS) as session, pytest.raises(StatementFailed) as caught:
        session.fetch(Query("SELECT pg_catalog.format('it is %%s', %(text)s::text)::int", {"text": PASSWORD}))
    return str(caught.value)


def from_passfile(server: Server, folder: Path, password: str = PASSWORD) -> Dsn:
    file = passfile(folder, password)
    return Dsn(f"host=127.0.0.1 port={server.cluster.port} user=filed dbname=postgres passfile='{file}'")


def test_a_password_file_works(server: Server, keeper: str, tmp_path: Path) -> None:
    assert who(from_passfile(server, tmp_path)) == [(keeper, "postgres")]


def test_a_password_file_works_for_every_database_of_a_server(server: Server, keeper: str, tmp_path: Path) -> None:
    dsn = libpq.for_database(from_passfile(server, tmp_path), "template1")
    assert who(dsn) == [(keeper, "template1")]


def test_a_service_file_works(server: Server, keeper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(servicefile(tmp_path, server, PASSWORD)))
    assert who(Dsn("service=fleet")) == [(keeper, "postgres")]
    assert who(libpq.for_database(Dsn("service=fleet"), "template1")) == [(keeper, "template1")]


def test_a_mounted_secret_file_works(server: Server, keeper: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    for template in (
        f"postgresql://filed:${{file:{tmp_path}/password}}@127.0.0.1:{server.cluster.port}/postgres",
        f"host=127.0.0.1 port={server.cluster.port} user=filed dbname=postgres password=${{file:{tmp_path}/password}}",
    ):
        assert who(substitute(template, References({}))) == [(keeper, "postgres")]


def test_a_password_from_a_file_is_never_shown(
    server: Server, keeper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(servicefile(tmp_path, server, PASSWORD)))
    for dsn in (from_passfile(server, tmp_path), Dsn("service=fleet")):
        said = leak(dsn)
        assert "it is ***" in said
        assert "f1led" not in said


@pytest.mark.parametrize("way", ["password file", "service file"])
def test_a_wrong_password_from_a_file_is_rejected_and_not_shown(
    server: Server, keeper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(servicefile(tmp_path, server, "Wr0ng")))
    dsn = from_passfile(server, tmp_path, "Wr0ng") if way == "password file" else Dsn("service=fleet")
    with pytest.raises(AccessRefused, match="password authentication failed") as caught:
        who(dsn)
    assert "Wr0ng" not in str(caught.value)


def test_a_password_file_that_others_can_read_is_ignored(server: Server, keeper: str, tmp_path: Path) -> None:
    dsn = from_passfile(server, tmp_path)
    (tmp_path / "pgpass").chmod(0o644)
    with pytest.raises(AccessRefused, match="no password"):
        who(dsn)


def test_an_unknown_service_is_named(
    server: Server, keeper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(servicefile(tmp_path, server, PASSWORD)))
    with pytest.raises(DatabaseError, match='definition of service "fleat" not found') as caught:
        who(Dsn("service=fleat"))
    assert not isinstance(caught.value, ConnectionFailed), "trying again does not help"


def test_a_server_is_named_after_its_service(server: Server) -> None:
    assert libpq.server(Dsn("service=fleet")) == "service fleet"


@pytest.mark.parametrize("password", ["a", "on", "the"])
def test_a_short_password_garbles_no_message_and_is_not_shown(server: Server, keeper: str, password: str) -> None:
    place = f"host=127.0.0.1 port={server.cluster.port} dbname=postgres"
    with pytest.raises(AccessRefused) as refused:
        who(substitute(f"{place} user=filed password=${{PASSWORD}}", {"PASSWORD": password}))
    assert "wrong password: 127.0.0.1" in str(refused.value)
    assert 'password authentication failed for user "filed"; check the role and the password' in str(refused.value)
    with pytest.raises(AccessRefused) as quoted:
        who(substitute(f"{place} user=filed sslmode=${{MODE}} password=${{MODE}}", {"MODE": password}))
    assert 'is not valid: invalid sslmode value: "***"; correct the DSN' in str(quoted.value)
    server.execute(f"CREATE ROLE brief SUPERUSER LOGIN PASSWORD '{password}'")
    try:
        session = Session(substitute(f"{place} user=brief password=${{PASSWORD}}", {"PASSWORD": password}))
        with session, pytest.raises(StatementFailed) as failed:
            session.fetch(Query('SELECT a, "on", "the" FROM (VALUES (1)) AS t (b)'))
    finally:
        server.execute("DROP ROLE brief")
    assert str(failed.value) == 'column "a" does not exist (SQLSTATE 42703)'
