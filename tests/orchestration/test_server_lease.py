"""The requests that leases make, and a Prefect API that is busy."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.tasks.support.server_lease import ServerLeases, limit_name

INCREMENT, DECREMENT = "/v2/concurrency_limits/increment-with-lease", "/v2/concurrency_limits/decrement-with-lease"


@contextmanager
def api_proxy(behind: str, busy_times: int = 0) -> Iterator[Counter[str]]:
    """Counts the requests of this process to the API by path. The first requests for slots are answered with 503."""
    asked = Counter[str]()

    class Proxy(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path = self.path.removeprefix("/api")
            asked[path] += 1
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if path == INCREMENT and asked[path] <= busy_times:
                answer = httpx.Response(503, content=b"{}")
            else:
                answer = httpx.request(self.command, f"{behind}{path}", content=body, headers={**self.headers})
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 (the base class's names)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{server.server_port}/api"}):
            yield asked
        server.shutdown()


def test_a_busy_api_is_asked_again(prefect_api: str) -> None:
    server = "busy.internal:5432"
    with api_proxy(prefect_api, busy_times=1) as asked:
        leases = ServerLeases(1)
        leases.acquire(server)
        assert leases.slots(server) == 1
        assert asked[INCREMENT] == 2
        leases.release([server])
        assert asked[DECREMENT] == 1


def test_if_the_api_stays_busy_that_is_the_reason_for_all_tenants_of_the_server(prefect_api: str) -> None:
    server = "busier.internal:5432"
    with api_proxy(prefect_api, busy_times=1000) as asked, temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 1}):
        leases = ServerLeases(1)
        for _ in range(2):
            with pytest.raises(ConnectionLimitTimeout, match=r"connection to busier\.internal:5432: .*503"):
                leases.acquire(server)
        assert asked[INCREMENT] == 2, "once, and once again"


def test_a_run_leases_its_slots_of_a_server_with_one_request(prefect_api: str) -> None:
    server = "requests.internal:5432"
    with api_proxy(prefect_api) as asked:
        leases = ServerLeases(8)
        leases.want(server, 200)
        leases.acquire(server)
        leases.allow(server, 8)
        for _ in range(200):
            leases.acquire(server)
        assert leases.slots(server) == 7
        leases.release([server])
        assert (asked[INCREMENT], asked[DECREMENT]) == (1, 1)


def test_a_limits_name_has_none_of_the_characters_that_prefect_rejects() -> None:
    assert limit_name("/var/run/postgresql:5432") == "pgfleet-_var_run_postgresql:5432"
    assert limit_name("service a&b<c>d%") == "pgfleet-service a_b_c_d_"
