"""A proxy in front of a server that cuts a connection in the middle, once."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from fix_servers import Server


class CuttingProxy:
    """Passes bytes on to the server; the first time a client sends `trigger`, both ends are closed instead."""

    def __init__(self, port: int, trigger: bytes) -> None:
        self.connections, self.cuts = 0, 0
        self._target, self._trigger = port, trigger
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                server = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, watched: bool) -> None:
        with contextlib.suppress(OSError), source, sink:
            while data := source.recv(65536):
                if watched and not self.cuts and self._trigger in data:
                    self.cuts += 1
                    source.shutdown(socket.SHUT_RDWR)
                    sink.shutdown(socket.SHUT_RDWR)
                    return
                sink.sendall(data)


@pytest.fixture
def cutting_proxy(embedded_server: Server) -> Iterator[Callable[[bytes], CuttingProxy]]:
    """Makes a proxy that cuts once, at the given bytes."""
    made: list[CuttingProxy] = []

    def make(trigger: bytes) -> CuttingProxy:
        made.append(CuttingProxy(embedded_server.cluster.port, trigger))
        return made[-1]

    yield make
    for proxy in made:
        proxy.close()
