"""Rejects requests whose Host header names another host: a web page can point its own name at this machine.

DNS rebinding lets a page of `attacker.example` send requests to a server on 127.0.0.1 as if it were its own. The
browser then sends `Host: attacker.example`. It cannot make a page's address an IP address or `localhost`.
"""

import socket
from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
REFUSED = b"This address is not served here.\n"


def is_own_host(header: str, host: str = "") -> bool:
    """Whether the Host header is an IP address, `localhost`, or the name of this machine or of `host`."""
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() else header
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return name.lower().rstrip(".") in {"localhost", socket.gethostname().lower(), host.lower()} - {""}
    return True


class HostCheck:
    """An ASGI application that passes requests for this machine on to another application."""

    def __init__(self, app: App, host: str = "") -> None:
        self.app, self.host = app, host

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers with status 400, or closes the websocket, if the Host header names another machine."""
        if scope["type"] == "lifespan" or is_own_host(_host_header(scope), self.host):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": REFUSED})


def _host_header(scope: Message) -> str:
    found = [value for name, value in scope["headers"] if name == b"host"]
    return found[0].decode("latin-1") if len(found) == 1 else "-"
