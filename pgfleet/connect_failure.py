"""Why no session could be had: a closed set of reasons, each with its own words and advice."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class ConnectFailure(StrEnum):
    """Why a tenant is unreachable, as the documents tell it (`unreachable_because`)."""

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
    """A pooler answered, and could not have a session with the server behind it."""
    CONNECTION_LOST = "connection_lost"
    """A session was had, and ended under us."""
    OTHER = "other"

    @property
    def advice(self) -> str:
        """What to do about it."""
        return _WORDS[self].advice

    @property
    def is_final(self) -> bool:
        """Whether trying again cannot help: somebody must put something right."""
        return self in _FINAL

    @property
    def is_of_server(self) -> bool:
        """Whether no other database behind the same address can be had either."""
        return self in _OF_SERVER

    def sentence(self, server: str, said: str, seconds: float) -> str:
        """`refused: nothing listens on db1:5432`; `said` was what came back, and `seconds` is how long it had."""
        happened = _WORDS[self].happened.format(server=server, said=said, seconds=f"{seconds:g}")
        return f"{self.replace('_', ' ')}: {happened}"


@dataclass(frozen=True, slots=True)
class _Words:
    happened: str
    advice: str


_SAID = "{server} says: {said}"
_WORDS: Mapping[ConnectFailure, _Words] = MappingProxyType(
    {
        ConnectFailure.NAME_NOT_RESOLVED: _Words(
            "no address is known for {server} here ({said})",
            "is the host right in the dsn, and does this machine's resolver know it?",
        ),
        ConnectFailure.REFUSED: _Words(
            "nothing listens on {server}",
            "is the server up, is the port right?",
        ),
        ConnectFailure.NO_ROUTE: _Words(
            "there is no way from here to {server} ({said})",
            "is the host right, are the network, the VPN and the firewall?",
        ),
        ConnectFailure.TIMED_OUT: _Words(
            "{server} did not answer within {seconds} s",
            "is a firewall in between, or the server stuck? a slow network needs a longer connect_timeout",
        ),
        ConnectFailure.NO_POSTGRESQL: _Words(
            "what listens on {server} does not answer as PostgreSQL does ({said})",
            "is the port right, has the load balancer a server behind it?",
        ),
        ConnectFailure.WRONG_DSN: _Words(
            "the connection string cannot be used for {server}: {said}",
            "put the dsn right in the fleet file",
        ),
        ConnectFailure.WRONG_PASSWORD: _Words(
            _SAID,
            "are role and password right, or the variable, passfile or service that they come from?",
        ),
        ConnectFailure.NO_PASSWORD: _Words(
            "{server} wants a password, and none was given",
            "put it into the dsn as ${VAR}, or into a passfile that only its owner may read",
        ),
        ConnectFailure.NO_SUCH_ROLE: _Words(
            _SAID,
            "put the role right in the dsn, or create it with LOGIN",
        ),
        ConnectFailure.NO_SUCH_DATABASE: _Words(
            _SAID,
            "put the database right in the dsn, or take the tenant out of the fleet file",
        ),
        ConnectFailure.NOT_ALLOWED: _Words(
            _SAID,
            "let the role in: LOGIN, GRANT CONNECT ON DATABASE, and a line of pg_hba.conf",
        ),
        ConnectFailure.NO_TLS: _Words(
            "{server} has no TLS, and the dsn demands it",
            "switch ssl on there; or, only where the network is to be trusted, another sslmode",
        ),
        ConnectFailure.CERTIFICATE_NOT_VERIFIED: _Words(
            "the certificate of {server} could not be verified ({said})",
            "sslrootcert of the dsn must name the file of the authority that signed it",
        ),
        ConnectFailure.WRONG_HOST_NAME: _Words(
            "the certificate of {server} is another host's ({said})",
            "use the host's name as its certificate has it, or have one made for this name",
        ),
        ConnectFailure.TLS_FAILED: _Words(
            "no TLS could be agreed on with {server} ({said})",
            "compare the TLS versions of both sides, and the client's certificate if the server wants one",
        ),
        ConnectFailure.TOO_MANY_CONNECTIONS: _Words(
            "{server} has no connection left: {said}",
            "lower max_connections_per_server, close what is idle there, or raise its max_connections",
        ),
        ConnectFailure.TOO_MANY_OF_DATABASE: _Words(
            "{server} has no connection left to this database: {said}",
            "close what is idle there, or ALTER DATABASE … CONNECTION LIMIT",
        ),
        ConnectFailure.TOO_MANY_OF_ROLE: _Words(
            "{server} has no connection left for this role: {said}",
            "lower max_connections_per_server, or ALTER ROLE … CONNECTION LIMIT",
        ),
        ConnectFailure.TOO_MANY_OF_POOLER: _Words(
            "the pooler at {server} takes no more clients: {said}",
            "lower max_connections_per_server, or raise the pooler's max_client_conn",
        ),
        ConnectFailure.STARTING: _Words("{server} is starting up", "try again in a while"),
        ConnectFailure.SHUTTING_DOWN: _Words("{server} is shutting down", "start it again, or wait until it is back"),
        ConnectFailure.RECOVERING: _Words(
            "{server} takes no sessions while it recovers: {said}",
            "try again when it has; of a standby see to hot_standby, or point the dsn at the primary",
        ),
        ConnectFailure.STANDBY: _Words("{server} is a standby, which takes no writes", "point the dsn at the primary"),
        ConnectFailure.BEHIND_POOLER: _Words(
            "the pooler at {server} has no session with the server behind it: {said}",
            "is that server up, and do the pooler's own host, port and password for it fit?",
        ),
        ConnectFailure.CONNECTION_LOST: _Words(
            "the session with {server} ended: {said}",
            "see the server's log and the network; then try again",
        ),
        ConnectFailure.OTHER: _Words(
            _SAID, "see the server's log; where it speaks no English, its refusals are not told apart"
        ),
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
_OF_SERVER = frozenset(
    {
        ConnectFailure.NAME_NOT_RESOLVED,
        ConnectFailure.REFUSED,
        ConnectFailure.NO_ROUTE,
        ConnectFailure.TIMED_OUT,
        ConnectFailure.NO_POSTGRESQL,
        ConnectFailure.TOO_MANY_CONNECTIONS,
        ConnectFailure.TOO_MANY_OF_POOLER,
        ConnectFailure.STARTING,
        ConnectFailure.SHUTTING_DOWN,
        ConnectFailure.RECOVERING,
        ConnectFailure.OTHER,
    }
)
