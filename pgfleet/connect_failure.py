"""The reasons for which pgfleet could not connect to a tenant, with their texts and advice."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class ConnectFailure(StrEnum):
    """Why a tenant is unreachable (`unreachable_because` in the documents)."""

    NAME_NOT_RESOLVED = "name_not_resolved"
    REFUSED = "refused"
    NO_ROUTE = "no_route"
    TIMED_OUT = "timed_out"
    NO_POSTGRESQL = "no_postgresql"
    WRONG_DSN = "wrong_dsn"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 (a reason)
    NO_PASSWORD = "no_password"  # noqa: S105
    NO_SUCH_ROLE = "no_such_role"
    NO_SUCH_DATABASE = "no_such_database"
    NOT_ALLOWED = "not_allowed"
    NO_TLS = "no_tls"
    CERTIFICATE_NOT_VERIFIED = "certificate_not_verified"
    WRONG_HOST_NAME = "wrong_host_name"
    TLS_FAILED = "tls_failed"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    TOO_MANY_OF_DATABASE = "too_many_connections_of_database"
    TOO_MANY_OF_ROLE = "too_many_connections_of_role"
    TOO_MANY_OF_POOLER = "too_many_connections_of_pooler"
    STARTING = "server_starting"
    SHUTTING_DOWN = "server_shutting_down"
    RECOVERING = "server_recovering"
    STANDBY = "standby"
    BEHIND_POOLER = "server_behind_pooler"
    """The pooler answered but could not connect to the server behind it."""
    NO_ANSWER = "no_answer"
    """The connection was established, and then the server sent nothing, or not all of an answer."""
    CONNECTION_LOST = "connection_lost"
    """The connection was established and then lost."""
    OTHER = "other"

    @property
    def advice(self) -> str:
        """What to do."""
        return _TEXTS[self].advice

    @property
    def is_final(self) -> bool:
        """Whether no retry can succeed until a person has fixed the cause."""
        return self in _FINAL

    @property
    def affects_server(self) -> bool:
        """Whether all databases at the same address are affected."""
        return self in _AFFECTS_SERVER

    def describe(self, server: str, message: str = "", seconds: float = 0) -> str:
        """`refused: nothing listens on db1:5432`; `message` came from libpq or the server, `seconds` is the timeout."""
        what = _TEXTS[self].what.format(server=server, message=message, seconds=f"{seconds:g}")
        return f"{self.replace('_', ' ')}: {what}"


@dataclass(frozen=True, slots=True)
class _Text:
    what: str
    advice: str


_REPORT = "{server} reports: {message}"
_TEXTS: Mapping[ConnectFailure, _Text] = MappingProxyType(
    {
        ConnectFailure.NAME_NOT_RESOLVED: _Text(
            "could not resolve the host name of {server} ({message})",
            "check the host in the DSN and this machine's DNS resolver",
        ),
        ConnectFailure.REFUSED: _Text(
            "nothing listens on {server}",
            "check that the server is running and that the port is correct",
        ),
        ConnectFailure.NO_ROUTE: _Text(
            "no network route to {server} ({message})",
            "check the host, the network, the VPN, and the firewall",
        ),
        ConnectFailure.TIMED_OUT: _Text(
            "{server} did not answer within {seconds} s",
            "check for a firewall in between or a hung server; on a slow network, raise connect_timeout",
        ),
        ConnectFailure.NO_POSTGRESQL: _Text(
            "{server} does not speak the PostgreSQL protocol ({message})",
            "check the port, and that the load balancer has a running server",
        ),
        ConnectFailure.WRONG_DSN: _Text(
            "the connection string for {server} is not valid: {message}",
            "correct the DSN in the fleet file",
        ),
        ConnectFailure.WRONG_PASSWORD: _Text(
            _REPORT,
            "check the role and the password, or the variable, passfile, or service that they come from",
        ),
        ConnectFailure.NO_PASSWORD: _Text(
            "{server} requires a password, and none was given",
            "add the password to the DSN as ${VAR}, or to a passfile that only its owner can read",
        ),
        ConnectFailure.NO_SUCH_ROLE: _Text(_REPORT, "correct the role in the DSN, or create the role with LOGIN"),
        ConnectFailure.NO_SUCH_DATABASE: _Text(
            _REPORT,
            "correct the database in the DSN, or remove the tenant from the fleet file",
        ),
        ConnectFailure.NOT_ALLOWED: _Text(
            _REPORT,
            "allow the role to connect: LOGIN, GRANT CONNECT ON DATABASE, and an entry in pg_hba.conf",
        ),
        ConnectFailure.NO_TLS: _Text(
            "{server} does not support TLS, and the DSN requires it",
            "enable ssl on the server; or, only on a trusted network, use another sslmode",
        ),
        ConnectFailure.CERTIFICATE_NOT_VERIFIED: _Text(
            "could not verify the certificate of {server} ({message})",
            "set sslrootcert in the DSN to the certificate of the authority that signed it",
        ),
        ConnectFailure.WRONG_HOST_NAME: _Text(
            "the certificate of {server} is for another host name ({message})",
            "connect with the host name in the certificate, or issue a certificate for this name",
        ),
        ConnectFailure.TLS_FAILED: _Text(
            "could not negotiate TLS with {server} ({message})",
            "check the TLS versions of both sides, and the client certificate if the server requires one",
        ),
        ConnectFailure.TOO_MANY_CONNECTIONS: _Text(
            "{server} has no free connection: {message}",
            "lower max_connections_per_server, close idle connections, or raise max_connections on the server",
        ),
        ConnectFailure.TOO_MANY_OF_DATABASE: _Text(
            "{server} has no free connection for this database: {message}",
            "close idle connections, or raise the limit with ALTER DATABASE … CONNECTION LIMIT",
        ),
        ConnectFailure.TOO_MANY_OF_ROLE: _Text(
            "{server} has no free connection for this role: {message}",
            "lower max_connections_per_server, or raise the limit with ALTER ROLE … CONNECTION LIMIT",
        ),
        ConnectFailure.TOO_MANY_OF_POOLER: _Text(
            "the pooler at {server} accepts no more clients: {message}",
            "lower max_connections_per_server, or raise max_client_conn of the pooler",
        ),
        ConnectFailure.STARTING: _Text("{server} is starting up", "wait until the server has started"),
        ConnectFailure.SHUTTING_DOWN: _Text(
            "{server} is shutting down",
            "start the server again, or wait until it is back",
        ),
        ConnectFailure.RECOVERING: _Text(
            "{server} accepts no connections during recovery: {message}",
            "wait until recovery ends; on a standby, check hot_standby, or point the DSN at the primary",
        ),
        ConnectFailure.STANDBY: _Text("{server} is a read-only standby", "point the DSN at the primary"),
        ConnectFailure.BEHIND_POOLER: _Text(
            "the pooler at {server} cannot connect to the server behind it: {message}",
            "check that this server is running, and the host, port, and password in the pooler's configuration",
        ),
        ConnectFailure.NO_ANSWER: _Text(
            "{server} gave no answer for {seconds} s",
            "check for a hung server, a stopped process, or a network that drops packets",
        ),
        ConnectFailure.CONNECTION_LOST: _Text(
            "the connection to {server} was lost: {message}",
            "check the server's log and the network",
        ),
        ConnectFailure.OTHER: _Text(_REPORT, "check the server's log; pgfleet recognizes only English messages"),
    }
)
_FINAL = frozenset(
    {
        ConnectFailure.WRONG_DSN,
        ConnectFailure.WRONG_PASSWORD,
        ConnectFailure.NO_PASSWORD,
        ConnectFailure.NO_SUCH_ROLE,
        ConnectFailure.NO_SUCH_DATABASE,
        ConnectFailure.NOT_ALLOWED,
        ConnectFailure.NO_TLS,
        ConnectFailure.CERTIFICATE_NOT_VERIFIED,
        ConnectFailure.WRONG_HOST_NAME,
        ConnectFailure.TLS_FAILED,
        ConnectFailure.STANDBY,
    }
)
_AFFECTS_SERVER = frozenset(
    {
        ConnectFailure.NAME_NOT_RESOLVED,
        ConnectFailure.REFUSED,
        ConnectFailure.NO_ROUTE,
        ConnectFailure.TIMED_OUT,
        ConnectFailure.NO_ANSWER,
        ConnectFailure.NO_POSTGRESQL,
        ConnectFailure.TOO_MANY_CONNECTIONS,
        ConnectFailure.TOO_MANY_OF_POOLER,
        ConnectFailure.STARTING,
        ConnectFailure.SHUTTING_DOWN,
        ConnectFailure.RECOVERING,
    }
)
