"""Repeats requests that Prefect's server was too busy to write (docs/adr/0022)."""

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import anyio
import httpx
from prefect.client.base import PrefectHttpxAsyncClient, PrefectHttpxSyncClient

Send = Callable[..., httpx.Response]
SendAsync = Callable[..., Awaitable[httpx.Response]]

BUSY = b'{"exception_message":"Service Unavailable"}'
"""The answer, with status 503, if another write came between what the request read and what it writes."""
PAUSES_SECONDS = (0.05, 0.1, 0.15, *[0.2] * 24)
"""Five seconds in all. Then Prefect's client goes on as usual: it waits 2 s, 4 s, 8 s before it repeats the request."""
RETRYING = "_send_with_retry"
"""The method of Prefect's clients (3.8 and 3.9) that is given, as `send`, how to send a request once."""


def repeat_soon() -> None:
    """Has the Prefect clients of this process repeat such requests soon. Other answers are Prefect's to handle."""
    for client, patient in ((PrefectHttpxSyncClient, _patient), (PrefectHttpxAsyncClient, _patient_async)):
        original: Callable[..., Any] | None = getattr(client, RETRYING, None)
        if original and not hasattr(original, "__wrapped__"):
            setattr(client, RETRYING, _sending(original, patient))


def _sending(original: Callable[..., Any], patient: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def send_with_retry(*arguments: Any, **named: Any) -> Any:
        if "send" in named:
            named["send"] = patient(named["send"])
        return original(*arguments, **named)

    return send_with_retry


def _patient(send: Send) -> Send:
    def send_patiently(*arguments: Any, **named: Any) -> httpx.Response:
        for pause_seconds in PAUSES_SECONDS:
            response = send(*arguments, **named)
            if not _is_busy(response):
                return response
            time.sleep(pause_seconds)
        return send(*arguments, **named)

    return send_patiently


def _patient_async(send: SendAsync) -> SendAsync:
    async def send_patiently(*arguments: Any, **named: Any) -> httpx.Response:
        for pause_seconds in PAUSES_SECONDS:
            response = await send(*arguments, **named)
            if not _is_busy(response):
                return response
            await anyio.sleep(pause_seconds)
        return await send(*arguments, **named)

    return send_patiently


def _is_busy(response: httpx.Response) -> bool:
    return response.status_code == httpx.codes.SERVICE_UNAVAILABLE and response.content == BUSY
