"""The reasons for failed connections, recognized from the messages of libpq, servers, and poolers."""

import pytest

from pgfleet.connect_failure import ConnectFailure
from pgfleet.postgres.connect_errors import classify, extract_message
from pgfleet.postgres.errors import connect_error

AT = 'connection failed: connection to server at "10.0.0.1", port 5432 failed: '
SAID = [
    (f"{AT}Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?", "refused"),
    ('connection is bad: connection to server on socket "/a/.s.PGSQL.1" failed: No such file or directory', "refused"),
    (f"{AT}No route to host", "no_route"),
    (f"{AT}Network is unreachable", "no_route"),
    ("connection timeout expired", "timed_out"),
    (f"{AT}Connection timed out", "timed_out"),
    ("failed to resolve host 'a': [Errno -2] Name or service not known", "name_not_resolved"),
    (f"{AT}server closed the connection unexpectedly", "no_postgresql"),
    (f"{AT}received invalid response to SSL negotiation: H", "no_postgresql"),
    ('connection is bad: invalid port number: "99999"', "wrong_dsn"),
    ('connection is bad: definition of service "a" not found', "wrong_dsn"),
    (f"{AT}FATAL:  unsupported startup parameter: options", "wrong_dsn"),
    (f'{AT}FATAL:  unrecognized configuration parameter "a"', "wrong_dsn"),
    (f'{AT}FATAL:  password authentication failed for user "a"', "wrong_password"),
    (f"{AT}FATAL:  SASL authentication failed", "wrong_password"),
    (f'{AT}FATAL:  Peer authentication failed for user "a"', "wrong_password"),
    (f"{AT}fe_sendauth: no password supplied", "no_password"),
    (f'{AT}FATAL:  role "a" does not exist', "no_such_role"),
    (f'{AT}FATAL:  database "a" does not exist', "no_such_database"),
    (f'{AT}FATAL:  role "a" is not permitted to log in', "not_allowed"),
    (f'{AT}FATAL:  no pg_hba.conf entry for host "::1", user "a", database "b", no encryption', "not_allowed"),
    (f'{AT}FATAL:  pg_hba.conf rejects connection for host "::1", user "a"', "not_allowed"),
    (f'{AT}FATAL:  permission denied for database "a"\nDETAIL:  User does not have CONNECT privilege.', "not_allowed"),
    (f'{AT}FATAL:  database "a" is not currently accepting connections', "not_allowed"),
    (f"{AT}server does not support SSL, but SSL was required", "no_tls"),
    (f"{AT}SSL error: certificate verify failed", "certificate_not_verified"),
    (f'{AT}root certificate file "/a" does not exist', "certificate_not_verified"),
    (f'{AT}server certificate for "a" does not match host name "b"', "wrong_host_name"),
    (f'{AT}server certificate for "a" (and 2 other names) does not match host name "b"', "wrong_host_name"),
    (f"{AT}FATAL:  connection requires a valid client certificate", "tls_failed"),
    (f'{AT}FATAL:  certificate authentication failed for user "a"', "tls_failed"),
    (f"{AT}SSL error: tlsv1 alert protocol version", "tls_failed"),
    (f"{AT}FATAL:  sorry, too many clients already", "too_many_connections"),
    (
        f"{AT}FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        "too_many_connections",
    ),
    (f'{AT}FATAL:  too many connections for database "a"', "too_many_connections_of_database"),
    (f'{AT}FATAL:  too many connections for role "a"', "too_many_connections_of_role"),
    (f"{AT}FATAL:  no more connections allowed (max_client_conn)", "too_many_connections_of_pooler"),
    (f"{AT}FATAL:  the database system is starting up", "server_starting"),
    (f"{AT}FATAL:  the database system is shutting down", "server_shutting_down"),
    (f"{AT}FATAL:  the database system is in recovery mode", "server_recovering"),
    (f"{AT}FATAL:  the database system is not yet accepting connections", "server_recovering"),
    (f"{AT}FATAL:  the database system is not accepting connections", "server_recovering"),
    (f"{AT}server is in hot standby mode", "standby"),
    (f"{AT}session is read-only", "standby"),
    (f"{AT}FATAL:  server login has been failing, try again later (server_login_retry)", "server_behind_pooler"),
    (f"{AT}FATAL:  pgbouncer cannot connect to server", "server_behind_pooler"),
    (f"{AT}FATAL:  client_login_timeout (server down)", "server_behind_pooler"),
    (f"{AT}FATAL:  Passwort-Authentifizierung für Benutzer »a« fehlgeschlagen", "other"),
]


@pytest.mark.parametrize(("said", "because"), SAID, ids=[extract_message(each) for each, _ in SAID])
def test_every_message_has_one_reason(said: str, because: str) -> None:
    assert classify(said) == because


def test_every_reason_has_a_message() -> None:
    assert {because for _, because in SAID} == {*ConnectFailure} - {
        ConnectFailure.CONNECTION_LOST,
        ConnectFailure.NO_ANSWER,
    }


@pytest.mark.parametrize(
    ("sqlstate", "because"),
    [
        ("28P01", "wrong_password"),
        ("28000", "not_allowed"),
        ("3D000", "no_such_database"),
        ("57P04", "no_such_database"),
    ],
)
def test_the_sqlstate_takes_precedence_over_the_message(sqlstate: str, because: str) -> None:
    assert classify("in whatever language", sqlstate) == because


SEVERAL = (
    f"{AT}Connection refused\n\tIs the server running?\nMultiple connection attempts failed. All failures were:\n"
    "- host: 'a', port: '1', hostaddr: '10.0.0.1': connection timeout expired\n"
    f"- host: 'b', port: None, hostaddr: '10.0.0.2': {AT}FATAL:  no such thing.\n"
    f"- host: 'c', port: None, hostaddr: '10.0.0.3': {AT}FATAL:  no such thing.\n"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{AT}FATAL:  it\nDETAIL:  Because.", "it; DETAIL: Because"),
        ("connection timeout expired", "connection timeout expired"),
        (SEVERAL, "connection timeout expired / no such thing"),
    ],
    ids=["one attempt", "no preamble", "several attempts"],
)
def test_the_message_omits_libpqs_prefix(text: str, words: str) -> None:
    assert extract_message(text) == words


def test_of_several_attempts_an_answer_comes_before_silence() -> None:
    assert classify(SEVERAL.replace("no such thing", 'role "a" does not exist')) is ConnectFailure.NO_SUCH_ROLE


@pytest.mark.parametrize("because", ConnectFailure)
def test_every_reason_names_the_server_and_the_advice(because: ConnectFailure) -> None:
    error = connect_error(because, ("hunter2",), "db1:5432", 'user "hunter2" {x}', 10)
    assert (error.connect_failure, error.transient) == (because, not because.is_final)
    assert str(error).startswith(f"{because.replace('_', ' ')}: ")
    assert "db1:5432" in str(error)
    assert str(error).endswith(f"; {because.advice}")
    assert "hunter2" not in str(error)
    assert "{server}" not in str(error)
    assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("because", [each for each in ConnectFailure if each.is_final])
def test_a_final_reason_does_not_affect_other_tenants_of_the_server(because: ConnectFailure) -> None:
    assert not because.affects_server
