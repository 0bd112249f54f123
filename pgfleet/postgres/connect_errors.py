"""What a refusal means, by its SQLSTATE where there is one, and else by the words of the server, libpq or a pooler."""

import re

from pgfleet.connect_failure import Unreachable

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
    "28": Unreachable.WRONG_PASSWORD,
    "28000": Unreachable.NOT_ALLOWED,
    "3D": Unreachable.NO_SUCH_DATABASE,
    "42501": Unreachable.NOT_ALLOWED,
    "57P04": Unreachable.NO_SUCH_DATABASE,
}

BY_WORDS: tuple[tuple[str, Unreachable], ...] = (
    # psycopg has no SQLSTATE of a session that was never had. Of several attempts the first of these that any of them
    # fits is told, so what a server said comes before the silence of another. Sources: PostgreSQL's postinit.c,
    # postmaster.c, auth.c and fe-connect.c, fe-secure-*.c; PgBouncer's client.c, objects.c and server.c.
    ("server login has been failing", Unreachable.BEHIND_POOLER),
    ("server login failed", Unreachable.BEHIND_POOLER),
    ("pgbouncer cannot connect to server", Unreachable.BEHIND_POOLER),
    ("client_login_timeout", Unreachable.BEHIND_POOLER),
    ("query_wait_timeout", Unreachable.BEHIND_POOLER),
    ("server conn crashed", Unreachable.BEHIND_POOLER),
    ("no more connections allowed", Unreachable.TOO_MANY_OF_POOLER),
    ("too many connections for role", Unreachable.TOO_MANY_OF_ROLE),
    ("too many connections for database", Unreachable.TOO_MANY_OF_DATABASE),
    ("too many clients already", Unreachable.TOO_MANY_CONNECTIONS),
    ("remaining connection slots are reserved", Unreachable.TOO_MANY_CONNECTIONS),
    ("starting up", Unreachable.STARTING),
    ("shutting down", Unreachable.SHUTTING_DOWN),
    ("not yet accepting connections", Unreachable.RECOVERING),
    ("not accepting connections", Unreachable.RECOVERING),
    ("recovery mode", Unreachable.RECOVERING),
    ("is in hot standby mode", Unreachable.STANDBY),
    ("session is read-only", Unreachable.STANDBY),
    ("no password supplied", Unreachable.NO_PASSWORD),
    ("password authentication failed", Unreachable.WRONG_PASSWORD),
    ("certificate authentication failed", Unreachable.TLS_FAILED),
    ("authentication failed", Unreachable.WRONG_PASSWORD),
    ("is not permitted to log in", Unreachable.NOT_ALLOWED),
    ("permission denied for database", Unreachable.NOT_ALLOWED),
    ("is not currently accepting connections", Unreachable.NOT_ALLOWED),
    ("pg_hba.conf", Unreachable.NOT_ALLOWED),
    ("does not support SSL", Unreachable.NO_TLS),
    ("SSL is not enabled", Unreachable.NO_TLS),
    ("does not match host name", Unreachable.WRONG_HOST_NAME),
    ("certificate verify failed", Unreachable.CERTIFICATE_NOT_VERIFIED),
    ("root certificate", Unreachable.CERTIFICATE_NOT_VERIFIED),
    ("certificate", Unreachable.TLS_FAILED),
    ("SSL error", Unreachable.TLS_FAILED),
    ("SSL connection", Unreachable.TLS_FAILED),
    ("private key file", Unreachable.TLS_FAILED),
    ("unsupported startup parameter", Unreachable.WRONG_DSN),
    ("unrecognized configuration parameter", Unreachable.WRONG_DSN),
    ("connection is bad: invalid", Unreachable.WRONG_DSN),
    ("definition of service", Unreachable.WRONG_DSN),
    ('missing "=" after', Unreachable.WRONG_DSN),
    ('database "', Unreachable.NO_SUCH_DATABASE),
    ("no such database", Unreachable.NO_SUCH_DATABASE),
    ('role "', Unreachable.NO_SUCH_ROLE),
    ("no such user", Unreachable.NO_SUCH_ROLE),
    ("timeout expired", Unreachable.TIMED_OUT),
    ("Connection timed out", Unreachable.TIMED_OUT),
    ("No route to host", Unreachable.NO_ROUTE),
    ("etwork is unreachable", Unreachable.NO_ROUTE),
    ("closed the connection unexpectedly", Unreachable.NO_POSTGRESQL),
    ("received invalid response", Unreachable.NO_POSTGRESQL),
    ("expected authentication request", Unreachable.NO_POSTGRESQL),
    ("Connection refused", Unreachable.REFUSED),
    ("No such file or directory", Unreachable.REFUSED),
    ("failed to resolve host", Unreachable.NAME_NOT_RESOLVED),
    ("could not translate host name", Unreachable.NAME_NOT_RESOLVED),
)


def reason_of(text: str, sqlstate: str = "") -> Unreachable:
    """Why no session was had, by what was said about it."""
    found = BY_SQLSTATE.get(sqlstate) or BY_SQLSTATE.get(sqlstate[:2])
    return found or next((reason for words, reason in BY_WORDS if words in text), Unreachable.OTHER)


def words_of(text: str) -> str:
    """What was said, on one line, without what libpq puts before it; of several attempts each different answer once."""
    attempts = text.split(SEVERAL, 1)[-1].split("\n- host: ") if SEVERAL in text else [text]
    return " / ".join(dict.fromkeys(filter(None, map(_words_of_attempt, attempts))))


def _words_of_attempt(text: str) -> str:
    lines = PREAMBLE.sub("", text.strip()).splitlines()
    return "; ".join(filter(None, (" ".join(line.split()).rstrip(".") for line in lines)))
