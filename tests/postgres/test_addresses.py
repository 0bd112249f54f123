"""Host names of a connection string are resolved in bounded time."""

import socket
import threading
import time

import pytest

from pgfleet.connect_failure import ConnectFailure
from pgfleet.errors import ConnectionFailed
from pgfleet.fleet.secret import Dsn
from pgfleet.postgres import addresses
from pgfleet.postgres.addresses import resolve

KNOWN = {"one.test": ["10.0.0.1"], "three.test": ["10.0.0.1", "10.0.0.2", "10.0.0.3"]}


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network is asked."""
    monkeypatch.setattr(
        addresses, "_look_up", lambda host, _port: KNOWN.get(host) or socket.gaierror(-2, "Name or service not known")
    )


@pytest.mark.parametrize(
    ("dsn", "found"),
    [
        pytest.param("dbname=a", {}, id="no host"),
        pytest.param("host=/tmp", {}, id="a socket"),
        pytest.param("postgresql://127.0.0.1,[::1]/a", {}, id="addresses"),
        pytest.param("host=one.test hostaddr=10.9.9.9", {}, id="an address besides"),
        pytest.param(
            "host=one.test",
            {"host": "one.test", "port": "5432", "hostaddr": "10.0.0.1", "connect_timeout": "10"},
            id="one address",
        ),
        pytest.param(
            "host=three.test port=6",
            {
                "host": "three.test,three.test,three.test",
                "port": "6,6,6",
                "hostaddr": "10.0.0.1,10.0.0.2,10.0.0.3",
                "connect_timeout": "3",
            },
            id="the addresses of a name share its time",
        ),
        pytest.param(
            "host=/tmp,one.test,10.0.0.7,none.test port=1,2,3,4",
            {
                "host": "/tmp,one.test,10.0.0.7",
                "port": "1,2,3",
                "hostaddr": ",10.0.0.1,10.0.0.7",
                "connect_timeout": "10",
            },
            id="several hosts, one of them unknown",
        ),
    ],
)
def test_every_host_name_is_resolved_to_its_addresses(dsn: str, found: dict[str, str]) -> None:
    assert resolve(Dsn(dsn), seconds=10) == found


def test_unknown_host_names_are_an_error() -> None:
    with pytest.raises(
        ConnectionFailed, match=r"host name of none\.test:5432 \(Name or service not known\); "
    ) as caught:
        resolve(Dsn("host=none.test"), seconds=10)
    assert caught.value.connect_failure is ConnectFailure.NAME_NOT_RESOLVED


def test_a_hung_resolver_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()
    monkeypatch.setattr(addresses, "_look_up", lambda *_: end.wait(100) and [])
    began = time.monotonic()
    with pytest.raises(ConnectionFailed, match=r"the resolver did not answer within 0\.1 s"):
        resolve(Dsn("host=one.test"), seconds=0.1)
    assert time.monotonic() - began < 60
    end.set()
