"""Resolves the host names of a connection string in bounded time.

psycopg would wait for the resolver without limit and give every address of a name the full `connect_timeout`. Here the
addresses of one name share it.
"""

import queue
import socket
import threading
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from pgfleet.connect_failure import ConnectFailure
from pgfleet.fleet.secret import Dsn
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.errors import connect_error

LEAST_SECONDS = 2
"""psycopg's minimum for one attempt."""


def resolve(dsn: Dsn, *, seconds: float) -> Mapping[str, str]:
    """Connection parameters that replace host names with addresses; empty if there are no host names.

    Raises a DatabaseError if no name could be resolved in `seconds`.
    """
    hosts, ports = libpq.hosts(dsn)
    if all(map(_is_plain, hosts)):
        return {}
    problems: list[str] = []
    found = [
        (host, port, address)
        for host, port in zip(hosts, ports, strict=True)
        for address in _addresses(host, port, seconds, problems)
    ]
    if not found:
        because = ConnectFailure.NAME_NOT_RESOLVED
        raise connect_error(because, libpq.secrets(dsn), libpq.server(dsn), " / ".join(problems), seconds)
    share = max(LEAST_SECONDS, int(min(seconds, seconds * len(hosts) / len(found))))
    names = ("host", "port", "hostaddr")
    joined = {name: ",".join(values) for name, values in zip(names, zip(*found, strict=True), strict=True)}
    return {**joined, "connect_timeout": str(share)}


def _is_plain(host: str) -> bool:
    """Whether the host needs no resolver: a socket folder, an address, or libpq's default."""
    if not host or host.startswith(("/", "@")):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _addresses(host: str, port: str, seconds: float, problems: list[str]) -> Sequence[str]:
    """The host's addresses; if there are none, appends the reason to `problems`."""
    if _is_plain(host):
        return [host if host and not host.startswith(("/", "@")) else ""]
    answers: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()
    # The resolver cannot be interrupted, so a daemon thread waits for it.
    threading.Thread(target=lambda: answers.put(_look_up(host, port)), daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        answer = OSError(f"the resolver did not answer within {seconds:g} s")
    if isinstance(answer, OSError):
        problems.append(answer.strerror or str(answer))
        return []
    return answer


def _look_up(host: str, port: str) -> Sequence[str] | OSError:
    try:
        found = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError as error:  # a label that is empty or too long
        return OSError(str(error))
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
