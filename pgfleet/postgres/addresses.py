"""Which addresses a connection string leads to, found out in bounded time.

psycopg resolves names itself, and waits for the resolver without end; and it gives each address of a name the whole
`connect_timeout`. Here the addresses of one name share it.
"""

import queue
import socket
import threading
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from pgfleet.connect_failure import ConnectFailure
from pgfleet.fleet.secret import Dsn
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.errors import refusal

LEAST_SECONDS = 2
"""Less than this psycopg gives to no attempt."""


def resolved(dsn: Dsn, *, seconds: float) -> Mapping[str, str]:
    """What must be laid over the connection string so that it names addresses; empty where it names no hosts.

    Raises a DatabaseError where none of its names could be resolved in that time.
    """
    hosts, ports = libpq.hosts(dsn)
    if all(map(_is_plain, hosts)):
        return {}
    said: list[str] = []
    found = [
        (host, port, address)
        for host, port in zip(hosts, ports, strict=True)
        for address in _addresses(host, port, seconds, said)
    ]
    if not found:
        because = ConnectFailure.NAME_NOT_RESOLVED
        raise refusal(because, libpq.secrets(dsn), libpq.server(dsn), " / ".join(said), seconds)
    share = max(LEAST_SECONDS, int(min(seconds, seconds * len(hosts) / len(found))))
    names = ("host", "port", "hostaddr")
    joined = {name: ",".join(values) for name, values in zip(names, zip(*found, strict=True), strict=True)}
    return {**joined, "connect_timeout": str(share)}


def _is_plain(host: str) -> bool:
    """Whether there is nothing to resolve: a socket's folder, an address, or libpq's own default."""
    if not host or host.startswith(("/", "@")):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _addresses(host: str, port: str, seconds: float, said: list[str]) -> Sequence[str]:
    """The host's addresses; none where it has none, and then what was `said` of that has one more line."""
    if _is_plain(host):
        return [host if host and not host.startswith(("/", "@")) else ""]
    answers: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()
    # The resolver cannot be interrupted; a thread that waits for it holds up nobody.
    threading.Thread(target=lambda: answers.put(_resolve(host, port)), daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        answer = OSError(f"the resolver did not answer within {seconds:g} s")
    if isinstance(answer, OSError):
        said.append(answer.strerror or str(answer))
        return []
    return answer


def _resolve(host: str, port: str) -> Sequence[str] | OSError:
    try:
        found = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError as error:  # a label that is empty or too long
        return OSError(str(error))
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
