"""Requests that Prefect's server could not write are repeated soon, and only these."""

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest
from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from pgfleet.tasks.support import busy_server

OTHER = b"<html>Service Unavailable</html>"
Status = Callable[[httpx.MockTransport], int]


def send(transport: httpx.MockTransport) -> int:
    with PrefectHttpxSyncClient(transport=transport, base_url="http://prefect", raise_on_all_errors=False) as client:
        return client.post("/flow_runs/", json={}).status_code


def send_async(transport: httpx.MockTransport) -> int:
    async def post() -> int:
        async with PrefectHttpxAsyncClient(
            transport=transport, base_url="http://prefect", raise_on_all_errors=False
        ) as client:
            return (await client.post("/flow_runs/", json={})).status_code

    return asyncio.run(post())


@pytest.fixture(autouse=True)
def _without_prefects_own_retries() -> Iterator[None]:
    busy_server.repeat_soon()
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield


@pytest.mark.parametrize("status", [send, send_async])
@pytest.mark.parametrize(("content", "found", "requests"), [(busy_server.BUSY, 201, 3), (OTHER, 503, 1)])
def test_only_the_answer_of_a_busy_server_is_asked_for_again(
    status: Status, content: bytes, found: int, requests: int
) -> None:
    received: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return httpx.Response(201) if len(received) == 3 else httpx.Response(503, content=content)

    assert status(httpx.MockTransport(answer)) == found
    assert [each.url.path for each in received] == ["/flow_runs/"] * requests


@pytest.mark.parametrize("status", [send, send_async])
def test_a_server_that_stays_busy_is_left_to_prefect(status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy_server, "PAUSES_SECONDS", (0.0, 0.0))
    received: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return httpx.Response(503, content=busy_server.BUSY)

    assert status(httpx.MockTransport(answer)) == 503
    assert len(received) == 3


def test_clients_are_wrapped_once() -> None:
    methods = [getattr(each, busy_server.RETRYING) for each in (PrefectHttpxSyncClient, PrefectHttpxAsyncClient)]
    busy_server.repeat_soon()
    assert methods == [
        getattr(each, busy_server.RETRYING) for each in (PrefectHttpxSyncClient, PrefectHttpxAsyncClient)
    ]
    assert all(hasattr(each, "__wrapped__") for each in methods)
