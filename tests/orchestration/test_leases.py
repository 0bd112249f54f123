"""Leases of slots from a Prefect API that is busy: asked again at once, and not for ever."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.tasks.support.leases import Leases, limit_name

INCREMENT = "/v2/concurrency_limits/increment-with-lease"
PREFECTS_CLIENT_SECONDS = 14
"""So long it would wait at the least for an API that is busy three times: two seconds, four, and eight."""


@contextmanager
def busy_api(behind: str, times: int) -> Iterator[list[str]]:
    """This process's API is now one before that one, which is busy the first times that a slot is asked for.

    What is given is the paths that it has been asked for.
    """
    asked: list[str] = []

    class Busy(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path = self.path.removeprefix("/api")
            asked.append(path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if path == INCREMENT and asked.count(path) <= times:
                answer = httpx.Response(503, content=b"{}")
            else:
                answer = httpx.request(self.command, f"{behind}{path}", content=body, headers={**self.headers})
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = answer  # noqa: N815 (the base class's names)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{server.server_port}/api"}):
            yield asked
        server.shutdown()


def test_an_api_that_is_busy_is_asked_again_at_once(prefect_api: str) -> None:
    leases, server = Leases(1), "busy.internal:5432"
    with busy_api(prefect_api, times=3) as asked:
        began = time.monotonic()
        lease = leases.lease(server)
        assert time.monotonic() - began < PREFECTS_CLIENT_SECONDS
        assert lease is not None
        assert asked.count(INCREMENT) == 5, "three times in vain, once before the limit was made, and once after"
        assert leases.lease(server) is None, "the one slot is leased, and once"
        leases.release(server, lease)


def test_one_that_stays_busy_is_the_reason_and_is_left_alone_for_a_while(prefect_api: str) -> None:
    leases = Leases(1, busy_seconds=0.2)
    with busy_api(prefect_api, times=1000) as asked:
        with pytest.raises(ConnectionLimitTimeout, match=r"no connection to busy\.internal:5432 may be opened: .*503"):
            leases.lease("busy.internal:5432")
        questions = len(asked)
        assert asked.count(INCREMENT) > 1
        with pytest.raises(ConnectionLimitTimeout, match=r"no connection to other\.internal:5432 may be opened: .*503"):
            leases.lease("other.internal:5432")
        assert len(asked) == questions, "for another server it is not asked at all"


def test_a_limits_name_has_none_of_the_characters_that_prefect_refuses() -> None:
    assert limit_name("/var/run/postgresql:5432") == "pgfleet-_var_run_postgresql:5432"
    assert limit_name("service a&b<c>d%") == "pgfleet-service a_b_c_d_"
