"""Why a connection failed: by SQLSTATE if there is one, else by the message of the server, libpq, or a pooler."""

import re

from pgfleet.connect_failure import ConnectFailure

SEVERAL = "All failures were:"
PREAMBLE = re.compile(
    r"""^(?:'.*?',\ port:\ .*?,\ hostaddr:\ .*?:\ )?    # which attempt, of several
        (?:connection\ failed:\ |connection\ is\ bad:\ )?
        (?:connection\ to\ server\ (?:at|on)\ .*?\ failed:\ )?
        (?:[A-Z]+:\ +)?                                # FATAL
    """,
    re.VERBOSE,
)

BY_SQLSTATE = {
    # PostgreSQL manual, appendix A; a longer code wins.
    "28": ConnectFailure.WRONG_PASSWORD,
    "28000": ConnectFailure.NOT_ALLOWED,
    "3D": ConnectFailure.NO_SUCH_DATABASE,
    "42501": ConnectFailure.NOT_ALLOWED,
    "57P04": ConnectFailure.NO_SUCH_DATABASE,
}

BY_MESSAGE: tuple[tuple[str, ConnectFailure], ...] = (
    # psycopg has no SQLSTATE for a connection that was never opened. Of several attempts' messages the first entry that
    # matches any of them wins, so a server's answer comes before another's timeout. Sources: PostgreSQL's postinit.c,
    # postmaster.c, auth.c and fe-connect.c, fe-secure-*.c; PgBouncer's client.c, objects.c and server.c.
    # The owner of a database chooses the file's name (local_preload_libraries), which must not read as another reason.
    ("could not access file", ConnectFailure.OTHER),
    ("could not load library", ConnectFailure.OTHER),
    ("server login has been failing", ConnectFailure.BEHIND_POOLER),
    ("server login failed", ConnectFailure.BEHIND_POOLER),
    ("pgbouncer cannot connect to server", ConnectFailure.BEHIND_POOLER),
    ("client_login_timeout", ConnectFailure.BEHIND_POOLER),
    ("query_wait_timeout", ConnectFailure.BEHIND_POOLER),
    ("server conn crashed", ConnectFailure.BEHIND_POOLER),
    ("no more connections allowed", ConnectFailure.TOO_MANY_OF_POOLER),
    ("too many connections for role", ConnectFailure.TOO_MANY_OF_ROLE),
    ("too many connections for database", ConnectFailure.TOO_MANY_OF_DATABASE),
    ("too many clients already", ConnectFailure.TOO_MANY_CONNECTIONS),
    ("remaining connection slots are reserved", ConnectFailure.TOO_MANY_CONNECTIONS),
    ("starting up", ConnectFailure.STARTING),
    ("shutting down", ConnectFailure.SHUTTING_DOWN),
    ("not yet accepting connections", ConnectFailure.RECOVERING),
    ("not accepting connections", ConnectFailure.RECOVERING),
    ("recovery mode", ConnectFailure.RECOVERING),
    ("is in hot standby mode", ConnectFailure.STANDBY),
    ("session is read-only", ConnectFailure.STANDBY),
    ("no password supplied", ConnectFailure.NO_PASSWORD),
    ("password authentication failed", ConnectFailure.WRONG_PASSWORD),
    ("certificate authentication failed", ConnectFailure.TLS_FAILED),
    ("authentication failed", ConnectFailure.WRONG_PASSWORD),
    ("is not permitted to log in", ConnectFailure.NOT_ALLOWED),
    ("permission denied for database", ConnectFailure.NOT_ALLOWED),
    ("is not currently accepting connections", ConnectFailure.NOT_ALLOWED),
    ("pg_hba.conf", ConnectFailure.NOT_ALLOWED),
    ("does not support SSL", ConnectFailure.NO_TLS),
    ("SSL is not enabled", ConnectFailure.NO_TLS),
    ("does not match host name", ConnectFailure.WRONG_HOST_NAME),
    ("certificate verify failed", ConnectFailure.CERTIFICATE_NOT_VERIFIED),
    ("root certificate", ConnectFailure.CERTIFICATE_NOT_VERIFIED),
    ("certificate", ConnectFailure.TLS_FAILED),
    ("SSL error", ConnectFailure.TLS_FAILED),
    ("SSL connection", ConnectFailure.TLS_FAILED),
    ("private key file", ConnectFailure.TLS_FAILED),
    ("unsupported startup parameter", ConnectFailure.WRONG_DSN),
    ("unrecognized configuration parameter", ConnectFailure.WRONG_DSN),
    ("connection is bad: invalid", ConnectFailure.WRONG_DSN),
    ("definition of service", ConnectFailure.WRONG_DSN),
    ('missing "=" after', ConnectFailure.WRONG_DSN),
    ('database "', ConnectFailure.NO_SUCH_DATABASE),
    ("no such database", ConnectFailure.NO_SUCH_DATABASE),
    ('role "', ConnectFailure.NO_SUCH_ROLE),
    ("no such user", ConnectFailure.NO_SUCH_ROLE),
    ("timeout expired", ConnectFailure.TIMED_OUT),
    ("Connection timed out", ConnectFailure.TIMED_OUT),
    ("No route to host", ConnectFailure.NO_ROUTE),
    ("etwork is unreachable", ConnectFailure.NO_ROUTE),
    ("closed the connection unexpectedly", ConnectFailure.NO_POSTGRESQL),
    ("received invalid response", ConnectFailure.NO_POSTGRESQL),
    ("expected authentication request", ConnectFailure.NO_POSTGRESQL),
    ("Connection refused", ConnectFailure.REFUSED),
    ("No such file or directory", ConnectFailure.REFUSED),
    ("failed to resolve host", ConnectFailure.NAME_NOT_RESOLVED),
    ("could not translate host name", ConnectFailure.NAME_NOT_RESOLVED),
)


def classify(text: str, sqlstate: str = "") -> ConnectFailure:
    """The reason for a failed connection with this error message."""
    found = BY_SQLSTATE.get(sqlstate) or BY_SQLSTATE.get(sqlstate[:2])
    return found or next((reason for part, reason in BY_MESSAGE if part in text), ConnectFailure.OTHER)


def extract_message(text: str) -> str:
    """The message on one line without libpq's prefix; for several attempts, each different message once."""
    attempts = text.split(SEVERAL, 1)[-1].split("\n- host: ") if SEVERAL in text else [text]
    return " / ".join(dict.fromkeys(filter(None, map(_message_of_attempt, attempts))))


def _message_of_attempt(text: str) -> str:
    lines = PREAMBLE.sub("", text.strip()).splitlines()
    return "; ".join(filter(None, (" ".join(line.split()).rstrip(".") for line in lines)))
