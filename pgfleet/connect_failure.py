"""The reasons for which pgfleet could not connect to a tenant, with their texts and advice."""

from enum import Enum, StrEnum
from typing import Self

_REPORT = "{server} reports: {message}"


class _Is(Enum):
    """What else follows from a reason: no retry can succeed, or all databases at the same address are affected."""

    FINAL = 1
    OF_SERVER = 2


class ConnectFailure(StrEnum):
    """Why a tenant is unreachable (`unreachable_because` in the documents)."""

    _text: str
    advice: str
    """What to do."""
    is_final: bool
    """Whether no retry can succeed until a person has fixed the cause."""
    affects_server: bool
    """Whether all databases at the same address are affected."""

    def __new__(cls, value: str, text: str, advice: str, also: _Is | None = None) -> Self:  # noqa: D102
        self = str.__new__(cls, value)
        self._value_, self._text, self.advice = value, text, advice
        self.is_final, self.affects_server = also is _Is.FINAL, also is _Is.OF_SERVER
        return self

    NAME_NOT_RESOLVED = (
        "name_not_resolved",
        "could not resolve the host name of {server} ({message})",
        "check the host in the DSN and this machine's DNS resolver",
        _Is.OF_SERVER,
    )
    REFUSED = (
        "refused",
        "nothing listens on {server}",
        "check that the server is running and that the port is correct",
        _Is.OF_SERVER,
    )
    NO_ROUTE = (
        "no_route",
        "no network route to {server} ({message})",
        "check the host, the network, the VPN, and the firewall",
        _Is.OF_SERVER,
    )
    TIMED_OUT = (
        "timed_out",
        "{server} did not answer within {seconds} s",
        "check for a firewall in between or a hung server; on a slow network, raise connect_timeout",
        _Is.OF_SERVER,
    )
    NO_POSTGRESQL = (
        "no_postgresql",
        "{server} does not speak the PostgreSQL protocol ({message})",
        "check the port, and that the load balancer has a running server",
        _Is.OF_SERVER,
    )
    WRONG_DSN = (
        "wrong_dsn",
        "the connection string for {server} is not valid: {message}",
        "correct the DSN in the fleet file",
        _Is.FINAL,
    )
    WRONG_PASSWORD = (
        "wrong_password",
        _REPORT,
        "check the role and the password, or the variable, passfile, or service that they come from",
        _Is.FINAL,
    )
    NO_PASSWORD = (
        "no_password",
        "{server} requires a password, and none was given",
        "add the password to the DSN as ${VAR}, or to a passfile that only its owner can read",
        _Is.FINAL,
    )
    NO_SUCH_ROLE = "no_such_role", _REPORT, "correct the role in the DSN, or create the role with LOGIN", _Is.FINAL
    NO_SUCH_DATABASE = (
        "no_such_database",
        _REPORT,
        "correct the database in the DSN, or remove the tenant from the fleet file",
        _Is.FINAL,
    )
    NOT_ALLOWED = (
        "not_allowed",
        _REPORT,
        "allow the role to connect: LOGIN, GRANT CONNECT ON DATABASE, and an entry in pg_hba.conf",
        _Is.FINAL,
    )
    NO_TLS = (
        "no_tls",
        "{server} does not support TLS, and the DSN requires it",
        "enable ssl on the server; or, only on a trusted network, use another sslmode",
        _Is.FINAL,
    )
    CERTIFICATE_NOT_VERIFIED = (
        "certificate_not_verified",
        "could not verify the certificate of {server} ({message})",
        "set sslrootcert in the DSN to the certificate of the authority that signed it",
        _Is.FINAL,
    )
    WRONG_HOST_NAME = (
        "wrong_host_name",
        "the certificate of {server} is for another host name ({message})",
        "connect with the host name in the certificate, or issue a certificate for this name",
        _Is.FINAL,
    )
    TLS_FAILED = (
        "tls_failed",
        "could not negotiate TLS with {server} ({message})",
        "check the TLS versions of both sides, and the client certificate if the server requires one",
        _Is.FINAL,
    )
    TOO_MANY_CONNECTIONS = (
        "too_many_connections",
        "{server} has no free connection: {message}",
        "lower max_connections_per_server, close idle connections, or raise max_connections on the server",
        _Is.OF_SERVER,
    )
    TOO_MANY_OF_DATABASE = (
        "too_many_connections_of_database",
        "{server} has no free connection for this database: {message}",
        "close idle connections, or raise the limit with ALTER DATABASE … CONNECTION LIMIT",
    )
    TOO_MANY_OF_ROLE = (
        "too_many_connections_of_role",
        "{server} has no free connection for this role: {message}",
        "lower max_connections_per_server, or raise the limit with ALTER ROLE … CONNECTION LIMIT",
    )
    TOO_MANY_OF_POOLER = (
        "too_many_connections_of_pooler",
        "the pooler at {server} accepts no more clients: {message}",
        "lower max_connections_per_server, or raise max_client_conn of the pooler",
        _Is.OF_SERVER,
    )
    STARTING = "server_starting", "{server} is starting up", "wait until the server has started", _Is.OF_SERVER
    SHUTTING_DOWN = (
        "server_shutting_down",
        "{server} is shutting down",
        "start the server again, or wait until it is back",
        _Is.OF_SERVER,
    )
    RECOVERING = (
        "server_recovering",
        "{server} accepts no connections during recovery: {message}",
        "wait until recovery ends; on a standby, check hot_standby, or point the DSN at the primary",
        _Is.OF_SERVER,
    )
    STANDBY = "standby", "{server} is a read-only standby", "point the DSN at the primary", _Is.FINAL
    BEHIND_POOLER = (
        "server_behind_pooler",
        "the pooler at {server} cannot connect to the server behind it: {message}",
        "check that this server is running, and the host, port, and password in the pooler's configuration",
    )
    """The pooler answered but could not connect to the server behind it."""
    NO_ANSWER = (
        "no_answer",
        "{server} gave no answer for {seconds} s",
        "check for a hung server, a stopped process, or a network that drops packets",
        _Is.OF_SERVER,
    )
    """The connection was established, and then the server sent nothing, or not all of an answer."""
    CONNECTION_LOST = (
        "connection_lost",
        "the connection to {server} was lost: {message}",
        "check the server's log and the network",
    )
    """The connection was established and then lost."""
    OTHER = "other", _REPORT, "check the server's log; pgfleet recognizes only English messages"

    def describe(self, server: str, message: str = "", seconds: float = 0) -> str:
        """`refused: nothing listens on db1:5432`; `message` came from libpq or the server, `seconds` is the timeout."""
        what = self._text.format(server=server, message=message, seconds=f"{seconds:g}")
        return f"{self.replace('_', ' ')}: {what}"
