"""Services are restarted by real processes and real requests; no secret is shown."""

import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pgfleet.errors import ServiceFailed
from pgfleet.fleet.model import Restart
from pgfleet.fleet.secret import Secret
from pgfleet.run.services import MOST_LINES, restart

TOKEN = "hunter 2/x"
LONGEST_SECONDS = 40
"""Less than what must not be waited for takes."""


def command(code: str, *arguments: Secret, timeout_seconds: float = 20) -> Restart:
    parts = (Secret(sys.executable), Secret("-c"), Secret(code), *arguments)
    return Restart(service="agent", command=parts, url=None, timeout_seconds=timeout_seconds)


def test_a_command_is_run_and_its_output_is_passed_on_without_secrets() -> None:
    log: list[str] = []
    code = "import sys; print('up with', sys.argv[1]); print('and', 'hunter%202%2Fx', file=sys.stderr)"
    said = restart(command(code, Secret(TOKEN, (TOKEN,))), log.append)
    assert said.startswith("exited with 0 in ")
    assert sorted(log) == ["and ***", "up with ***"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('a'); print('no such unit hunter 2/x'); raise SystemExit(3)", "exited with 3: no such unit ***"),
        ("raise SystemExit(4)", "exited with 4: no output"),
        ("import os; os.write(1, bytes([255, 10])); raise SystemExit(1)", "exited with 1: \ufffd"),
    ],
    ids=["says why", "says nothing", "says what is no UTF-8"],
)
def test_a_command_that_fails_says_so_in_a_line(code: str, said: str) -> None:
    with pytest.raises(ServiceFailed) as caught:
        restart(command(code, Secret(TOKEN, (TOKEN,))), lambda _: None)
    assert str(caught.value) == f"agent: {said}"
    assert caught.value.transient


def test_a_command_that_is_not_there() -> None:
    missing = Restart(service="agent", command=(Secret("/no/such/command"),), url=None, timeout_seconds=1)
    with pytest.raises(ServiceFailed, match="agent: /no/such/command cannot be run: No such file"):
        restart(missing, lambda _: None)


def test_a_command_that_does_not_end_is_ended_with_its_children() -> None:
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    began = time.monotonic()
    with pytest.raises(ServiceFailed, match=r"did not end within 1\.5 s"):
        restart(command(code, timeout_seconds=1.5), lambda _: None)
    assert time.monotonic() - began < LONGEST_SECONDS, "the child holds the output open"


def test_a_background_process_of_a_restart_command_does_not_delay_the_run() -> None:
    asleep = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    code = f"import subprocess, sys; subprocess.Popen({asleep}, start_new_session=True)"
    began, log = time.monotonic(), list[str]()
    leaving = command(f"{code}; print('up')", timeout_seconds=LONGEST_SECONDS)
    assert restart(leaving, log.append).startswith("exited with 0")
    assert time.monotonic() - began < LONGEST_SECONDS
    assert log == ["up"]


def test_a_talkative_command_does_not_fill_the_log() -> None:
    log: list[str] = []
    restart(command(f"for n in range({MOST_LINES + 50}): print(n)"), log.append)
    assert (len(log), log[-1]) == (MOST_LINES + 1, f"… and 50 more lines, the last: {MOST_LINES + 49}")


class Service(BaseHTTPRequestHandler):
    """Restarts if it is asked at /restart, goes elsewhere or fails if at other places."""

    ended = threading.Event()

    def do_POST(self) -> None:
        if self.path == "/drop-by-drop":
            self.send_response(200)
            self.end_headers()
            while not self.ended.wait(0.1):
                self.wfile.write(b".")
            return
        status = {"/restart": 202, "/elsewhere": 302}.get(self.path.split("?")[0], 500)
        self.send_response(status)
        self.send_header("Location", "/restart")
        self.end_headers()
        self.wfile.write(f"{self.path} is heard\nmore".encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Service.ended.set()
    server.shutdown()


def post(url: str, *secrets: str) -> Restart:
    return Restart(service="agent", command=None, url=Secret(url, secrets), timeout_seconds=5)


def test_a_url_is_sent_a_post(address: str) -> None:
    log: list[str] = []
    said = restart(post(f"{address}/restart?key=hunter2", "hunter2"), log.append)
    assert said.startswith("answered 202 in ")
    assert log == ["/restart?key=*** is heard"]


@pytest.mark.parametrize(("path", "status"), [("/broken", 500), ("/elsewhere", 302)])
def test_an_answer_that_is_no_success(address: str, path: str, status: int) -> None:
    with pytest.raises(ServiceFailed) as caught:
        restart(post(f"{address}{path}?key=hunter2", "hunter2"), lambda _: None)
    assert str(caught.value) == f"agent: {address}{path}?key=*** answered {status}: {path}?key=*** is heard"


def test_a_url_that_does_not_answer() -> None:
    with pytest.raises(ServiceFailed) as caught:
        restart(post("http://hunter2@127.0.0.1:1/restart", "hunter2"), lambda _: None)
    assert str(caught.value).startswith("agent: http://***@127.0.0.1:1/restart: ConnectError")


def test_an_answer_that_never_ends_is_waited_for_no_longer_than_it_may_take(address: str) -> None:
    slow = Restart(service="agent", command=None, url=Secret(f"{address}/drop-by-drop"), timeout_seconds=1)
    began = time.monotonic()
    with pytest.raises(ServiceFailed, match="no response within 1 s"):
        restart(slow, lambda _: None)
    assert time.monotonic() - began < LONGEST_SECONDS
